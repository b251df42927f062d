// swift-tools-version: 6.3
import PackageDescription

let swift: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]
let c: [CSetting] = [
    .enableWarning("all"), .enableWarning("extra"), .enableWarning("pedantic"),
    .treatAllWarnings(as: .error),
]
let cxx: [CXXSetting] = [
    .enableWarning("all"), .enableWarning("extra"), .enableWarning("pedantic"),
    .treatAllWarnings(as: .error),
]

/// A built-in plugin is a dynamic product of its own, found and loaded like a stranger's.
func pluginTarget(
    _ name: String, swiftPackage: Bool = false, dependencies: [Target.Dependency] = [],
    exclude: [String] = [], links: [LinkerSetting] = []
) -> Target {
    if swiftPackage {
        return .target(
            name: name, dependencies: ["PipesPlugin", "CPipes"] + dependencies,
            path: "plugins/\(name)", exclude: exclude, swiftSettings: swift, linkerSettings: links)
    }
    return .target(
        name: name, dependencies: ["CPipes"] + dependencies, path: "plugins/\(name)",
        publicHeadersPath: ".", cSettings: c, linkerSettings: links)
}

let plugins: [Target] = [
    pluginTarget("io"),
    pluginTarget("strings"),
    pluginTarget("flow", links: [.linkedLibrary("m")]),
    pluginTarget("compress", links: [.linkedLibrary("z")]),
    pluginTarget("json", swiftPackage: true, dependencies: ["PipesJSON"]),
    pluginTarget(
        "StringFuncs", swiftPackage: true, dependencies: ["PythonText"], exclude: ["README.md"]),
    pluginTarget(
        "StringFunc", swiftPackage: true, dependencies: ["PythonText"], exclude: ["README.md"]),
]

let package = Package(
    name: "pipes-host",
    products: [
        .executable(name: "pipes-host", targets: ["pipes-host"]),
        .library(name: "Pipes", targets: ["Pipes"]),
        .library(name: "PipesPlugin", targets: ["PipesPlugin"]),
    ] + plugins.map { .library(name: $0.name, type: .dynamic, targets: [$0.name]) },
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    ],
    targets: [
        .target(
            name: "CPipes", path: ".", sources: ["Sources/CPipes"], publicHeadersPath: "include",
            cSettings: c),
        .target(
            name: "CFFI", dependencies: ["CPipes"], cSettings: c + [.define("_GNU_SOURCE")],
            linkerSettings: [.linkedLibrary("ffi")]),
        .target(
            name: "CGuard", dependencies: ["CPipes"], cSettings: c + [.define("_GNU_SOURCE")],
            cxxSettings: cxx),
        .target(name: "PipesJSON", swiftSettings: swift),
        .target(name: "PipesCore", dependencies: ["CPipes", "PipesJSON"], swiftSettings: swift),
        .target(
            name: "PipesRuntime",
            dependencies: [
                "PipesCore", "CPipes", .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: swift),
        .target(
            name: "PipesPluginHost",
            dependencies: [
                "PipesRuntime", "PipesCore", "PipesJSON", "CPipes", "CFFI", "CGuard",
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: swift),
        .target(name: "CHeap", cSettings: c + [.define("_GNU_SOURCE")]),
        .target(
            name: "PipesConformance",
            dependencies: [
                "PipesPluginHost", "PipesRuntime", "PipesCore", "PipesJSON", "CPipes", "CHeap",
            ],
            swiftSettings: swift),
        .target(
            name: "Pipes", dependencies: ["PipesCore", "PipesRuntime", "PipesPluginHost"],
            swiftSettings: swift),
        .target(
            name: "PipesTesting",
            dependencies: [
                "PipesCore", "PipesRuntime", "PipesJSON", "CPipes",
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: swift),
        .executableTarget(
            name: "embedding", dependencies: ["Pipes"], path: "Examples/embedding",
            exclude: ["expected.txt"],
            swiftSettings: swift),
        .executableTarget(
            name: "embedder", dependencies: ["Pipes"], path: "Tests/Fixtures/embedder",
            swiftSettings: swift),
        .executableTarget(
            name: "strangers", dependencies: ["Pipes"], path: "Examples/strangers",
            exclude: ["reversed.json", "refused.json"], swiftSettings: swift),
        .target(name: "PipesPlugin", dependencies: ["CPipes"], swiftSettings: swift),
        .target(
            name: "PythonText", dependencies: ["PipesPlugin", "CPipes"], path: "plugins/PythonText",
            swiftSettings: swift),
        .executableTarget(
            name: "pipes-host",
            dependencies: [
                "Pipes", "PipesCore", "PipesRuntime", "PipesPluginHost", "PipesJSON",
                "PipesConformance", "PipesTesting", "CGuard",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: swift),
        // What tests of a whole process run.
        .executableTarget(
            name: "closures", dependencies: ["Pipes"], path: "Tests/Fixtures/closures",
            swiftSettings: swift),
        .testTarget(name: "PipesJSONTests", dependencies: ["PipesJSON"], swiftSettings: swift),
        .testTarget(
            name: "PipesCoreTests", dependencies: ["PipesCore", "PipesJSON"], swiftSettings: swift),
        .testTarget(
            name: "PipesPluginTests", dependencies: ["PipesPlugin", "PythonText", "CPipes"],
            swiftSettings: swift),
        .testTarget(
            name: "CommandTests",
            dependencies: ["pipes-host", "embedder", "closures", "strangers"],
            swiftSettings: swift),
        .testTarget(
            name: "PipesRuntimeTests",
            dependencies: [
                "PipesRuntime", "PipesCore", "CPipes",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: swift),
        .testTarget(
            name: "PipesTestingTests",
            dependencies: ["PipesTesting", "PipesRuntime", "PipesCore"], swiftSettings: swift),
        .testTarget(
            name: "PipesPluginHostTests",
            dependencies: ["PipesPluginHost", "PipesCore", "CPipes", "pipes-host"],
            swiftSettings: swift),
        .testTarget(
            name: "PipesConformanceTests",
            dependencies: ["PipesConformance", "PipesCore", "PipesPluginHost", "pipes-host"],
            swiftSettings: swift),
    ] + plugins
)
