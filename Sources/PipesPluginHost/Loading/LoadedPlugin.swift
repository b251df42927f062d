public import CPipes
public import PipesCore

/// A plugin whose descriptor has been checked.
public struct LoadedPlugin: Sendable {
    /// The part of a coro before the dot.
    public var name: String
    public var version: String
    public var summary: String
    /// The file it was loaded from, as it was found.
    public var file: String
    /// What it was made with, such as `swift-6.3.1`; nil for C.
    public var toolchain: String?
    /// In the order of the descriptor; never empty.
    public var processors: [LoadedProcessor]
}

/// A processor that is ready to be opened.
///
/// `@unchecked Sendable`: `descriptor` points into the static data of a library that is never
/// unloaded, and nothing writes to it.
public struct LoadedProcessor: @unchecked Sendable {
    public var description: ProcessorDescription
    /// What the plugin said, fields that its `struct_size` leaves out zero. All zero for a plain
    /// function. Its arrays may have larger elements than this host knows: use `description`.
    public var descriptor: pipes_processor
    /// The function to call in place of the descriptor's open, map and close; nil for others.
    public var bridged: BridgedFunction?
    /// The file or library it comes from, as messages name it.
    public var file: String

    public init(
        description: ProcessorDescription, descriptor: pipes_processor = pipes_processor(),
        bridged: BridgedFunction? = nil, file: String
    ) {
        self.description = description
        self.descriptor = descriptor
        self.bridged = bridged
        self.file = file
    }
}
