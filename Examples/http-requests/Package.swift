// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "web",
    products: [.library(name: "web", type: .dynamic, targets: ["web"])],
    dependencies: [.package(name: "pipes-host", path: "../..")],
    targets: [
        .target(
            name: "web", dependencies: [.product(name: "PipesPlugin", package: "pipes-host")])
    ]
)
