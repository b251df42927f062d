// swift-tools-version: 6.3
import PackageDescription

let swift: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]
/// pipes.h is not a product: C code finds it the way a plugin's author does, through -I.
let c: [CSetting] = [
    .enableWarning("all"), .enableWarning("extra"), .enableWarning("pedantic"),
    .treatAllWarnings(as: .error),
    .unsafeFlags(["-I\(Context.packageDirectory)/../include"]),
]

let package = Package(
    name: "Benchmarks",
    products: [
        .library(name: "measured", type: .dynamic, targets: ["measured"]),
        .library(name: "measuredswift", type: .dynamic, targets: ["measuredswift"]),
        .executable(name: "guarded", targets: ["guarded"]),
        .executable(name: "child-cost", targets: ["child-cost"]),
    ],
    dependencies: [
        .package(name: "pipes-host", path: ".."),
        // Without its traits: what they add counts allocations, and needs more packages.
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    ],
    targets: [
        // The plugins whose processors are measured, loaded like anyone's.
        .target(name: "measured", publicHeadersPath: ".", cSettings: c),
        .target(
            name: "measuredswift",
            dependencies: [.product(name: "PipesPlugin", package: "pipes-host")],
            swiftSettings: swift),
        // What they are measured against.
        .target(
            name: "CReference", cSettings: c + [.define("_GNU_SOURCE")],
            linkerSettings: [.linkedLibrary("ffi"), .linkedLibrary("z")]),
        .target(
            name: "MeasuredGraphs",
            dependencies: [.product(name: "Pipes", package: "pipes-host")], swiftSettings: swift),
        .executableTarget(
            name: "Workloads",
            dependencies: [
                "CReference", "MeasuredGraphs", .product(name: "Pipes", package: "pipes-host"),
                .product(name: "Benchmark", package: "benchmark"),
            ],
            path: "Workloads", swiftSettings: swift,
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
        // Runs one graph of those for the regression guard, and nothing else.
        .executableTarget(
            name: "guarded", dependencies: ["MeasuredGraphs"], swiftSettings: swift),
        .executableTarget(name: "child-cost", cSettings: c + [.define("_GNU_SOURCE")]),
    ]
)
