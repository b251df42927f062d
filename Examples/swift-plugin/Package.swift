// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "shouting",
    products: [.library(name: "shouting", type: .dynamic, targets: ["shouting"])],
    dependencies: [.package(name: "pipes-host", path: "../..")],
    targets: [
        .target(
            name: "shouting",
            dependencies: [.product(name: "PipesPlugin", package: "pipes-host")])
    ]
)
