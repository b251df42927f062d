extension Project {
    /// A plugin in Swift: a package with one dynamic library.
    ///
    /// - Parameter package: the absolute path of the package `PipesPlugin`.
    static func inSwift(_ name: ProjectName, package: String) -> Project {
        Project(
            folders: ["Sources", "Sources/\(name.text)"],
            files: [
                File(path: "Package.swift", text: manifest(name.text, package: package)),
                File(
                    path: "Sources/\(name.text)/\(name.text).swift", text: swiftSource(name.text)),
                graph(name), input,
                File(path: ".gitignore", text: ".build/\nPackage.resolved\n"),
                File(path: "README.md", text: readmeInSwift(name.text)),
            ],
            commands: [
                "swift build",
                "pipes-host run graph.json --plugins .build/debug",
                "pipes-host test graph.json --plugins .build/debug",
            ])
    }

    private static func manifest(_ name: String, package: String) -> String {
        """
        // swift-tools-version: 6.3
        import PackageDescription

        let package = Package(
            name: "\(name)",
            products: [.library(name: "\(name)", type: .dynamic, targets: ["\(name)"])],
            dependencies: [.package(name: "PipesPlugin", path: \(literal(package)))],
            targets: [
                .target(
                    name: "\(name)",
                    dependencies: [.product(name: "PipesPlugin", package: "PipesPlugin")])
            ]
        )

        """
    }

    /// A text as Swift source writes it.
    private static func literal(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { $0.escaped(asASCII: false) }
        return "\"" + escaped.joined() + "\""
    }

    private static func swiftSource(_ name: String) -> String {
        """
        import PipesPlugin

        struct Mark: MapProcessor {
            static let summary = "Adds a mark to each text."
            @Arg("What is added.") var mark = "!"

            func map(_ text: String) -> String {
                text + mark
            }
        }

        @c @implementation
        public func pipes_plugin_v1(_ host: UnsafePointer<pipes_host>?) -> UnsafePointer<pipes_plugin>? {
            Plugin("\(name)", version: "0.1.0", summary: "Marks texts.", processors: [Mark.self]).descriptor
        }

        """
    }

    private static func readmeInSwift(_ name: String) -> String {
        """
        # \(name)

        A plugin for pipes-host with one processor, `\(name).mark`, in
        [\(name).swift](Sources/\(name)/\(name).swift).

        ```sh
        swift build
        pipes-host run graph.json --plugins .build/debug
        pipes-host test graph.json --plugins .build/debug
        ```

        The plugin is `.build/debug/lib\(name).so`. The test stands in [graph.json](graph.json): rows for its
        source, and what must come of them.

        `pipes-host inspect \(name).mark --plugins .build/debug` shows what the processor says of itself.

        """
    }
}
