import PipesJSON

/// Reads a graph file (docs/graph-file.md).
public enum GraphFile {
    /// - Parameters:
    ///   - text: the whole file, as bytes.
    ///   - file: its name as the user gave it, for messages; its last part without `.json` is
    ///     the graph's name where the file gives none.
    ///   - environment: for `${NAME}` in strings.
    /// - Returns: the graph, or nil where the text is not JSON; and all that is wrong with it, in
    ///   its order. A graph comes back even where there are errors, so that `GraphChecker` finds
    ///   the others in the same go; such a graph says so (`hasErrors`, `fileDiagnostics`) and never
    ///   passes.
    public static func parse(
        _ text: [UInt8], file: String, environment: [String: String]
    ) -> (graph: Graph?, diagnostics: [Diagnostic]) {
        var reader = GraphFileReader(text, file: file, environment: environment)
        var duplicates: [LocatedJSON.Duplicate] = []
        let content: LocatedJSON
        do {
            content = try LocatedJSON.read(text, duplicates: &duplicates)
        } catch {
            reader.report((error.isJSON ? "" : "not JSON: ") + error.message, at: error.offset)
            return (nil, reader.diagnostics)
        }
        for duplicate in duplicates {
            let first = reader.place(duplicate.firstOffset)
            reader.report(
                "the key \(duplicate.key.quoted) stands twice in one object; "
                    + "the first is in line \(first.line), column \(first.column)",
                at: duplicate.offset)
        }
        var graph = Graph(name: graphName(file), file: file)
        reader.read(content, into: &graph)
        graph.fileDiagnostics = reader.diagnostics.inOrderOfPlace()
        graph.hasErrors = !reader.diagnostics.isEmpty
        return (graph, graph.fileDiagnostics)
    }

    private static func graphName(_ file: String) -> String {
        let last = file.split(separator: "/").last ?? ""
        return String(last.hasSuffix(".json") ? last.dropLast(5) : last).withVisibleBytes
    }
}
