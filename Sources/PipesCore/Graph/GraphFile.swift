/// Reads a graph file (graph.md).
public enum GraphFile {
    /// - Parameters:
    ///   - text: the whole file, as bytes.
    ///   - file: its name as the user gave it, for messages; its last part without `.json` is
    ///     the graph's name where the file gives none.
    ///   - environment: for `${NAME}` in strings.
    /// - Returns: the graph, or nil where the file can't be understood; and what is wrong.
    public static func parse(
        _ text: [UInt8], file: String, environment: [String: String]
    ) -> (graph: Graph?, diagnostics: [Diagnostic]) {
        (nil, [])
    }
}
