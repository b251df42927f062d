import Foundation
import Testing

/// Plugins in Swift that are built once for all tests, with the PipesPlugin of this build.
enum SwiftPlugin {
    /// A folder with `founded` (Tests/Fixtures) and `web` (Examples/http-requests).
    static var folder: String { get async throws { try await built.value } }

    private static let built = Task {
        let scratch = try Scratch()
        let sources = [
            "founded": "Tests/Fixtures/founded.swift",
            "web": "Examples/http-requests/Sources/web/web.swift",
        ]
        for (name, source) in sources {
            let products = Command.products.path
            let outcome = try await Command.shell(
                """
                swiftc -parse-as-library -swift-version 6 -emit-library -module-name \(name) \
                -o \(name).so '\(Command.checkout.path)/\(source)' \
                '\(products)'/PipesPlugin.build/*.swift.o \
                '\(products)'/CPipes.build/Sources/CPipes/*.o \
                -I '\(products)/Modules' -I '\(Command.checkout.path)/include'
                """, in: scratch.folder
            ).outcome(within: 300)
            try #require(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
        }
        return scratch.folder.path
    }
}
