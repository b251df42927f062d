internal import PipesCore

extension Value {
    /// The value as a row of a source whose output is of this kind: as with args, an integer
    /// serves for a FLOAT, and BYTES are written as base64.
    /// - Returns: nil where it is none.
    func asRow(of kind: Kind) -> Value? {
        if case .null = self { return self }
        let param = ProcessorDescription.Param(name: "row", kind: kind)
        return try? param.converted(self)
    }
}
