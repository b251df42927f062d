// swift-tools-version: 6.3
import PackageDescription

/// What an author of plugins in Swift depends on, and nothing of the host.
let package = Package(
    name: "PipesPlugin",
    products: [.library(name: "PipesPlugin", targets: ["PipesPlugin"])],
    targets: [
        .target(
            name: "CPipes", path: ".", sources: ["Sources/CPipes"], publicHeadersPath: "include"),
        .target(
            name: "PipesPlugin", dependencies: ["CPipes"],
            swiftSettings: [
                .swiftLanguageMode(.v6),
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
            ]),
    ]
)
