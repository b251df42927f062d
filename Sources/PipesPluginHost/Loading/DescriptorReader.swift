import CPipes
import PipesCore

/// Turns a plugin's descriptor, which may say anything, into descriptions that may be relied on.
enum DescriptorReader {
    private static let mostProcessors = 10_000
    private static let mostParams = 1_000
    private static let mostPorts = 1_000
    private static let nameOffset = MemoryLayout<pipes_port>.offset(of: \.name) ?? 0

    /// - Parameters:
    ///   - pointer: what `pipes_plugin_v1` answered.
    ///   - file: for messages; its name must be the plugin's.
    ///   - hostMinor: the minor of the ABI that this host has.
    static func read(
        _ pointer: UnsafePointer<pipes_plugin>, file: String, hostMinor: UInt32
    ) throws(DescriptorError) -> LoadedPlugin {
        let plugin = try DescriptorFields.read(
            pointer, as: pipes_plugin(), called: "its description")
        guard plugin.minor <= hostMinor else {
            throw DescriptorError(
                message: "made for ABI \(PIPES_ABI_MAJOR).\(plugin.minor), "
                    + "this host has \(PIPES_ABI_MAJOR).\(hostMinor)")
        }
        let name = try DescriptorFields.name(plugin.name, called: "its name")
        let fileNames = PluginFolders.pluginNames(of: file)
        guard fileNames.contains(name) else {
            throw DescriptorError(
                message:
                    "its file is asked for plugin \(fileNames.listed), and it says that its name "
                    + "is \(name.quoted); name the file \(name).so or lib\(name).so")
        }
        var result = LoadedPlugin(name: name, version: "", summary: "", file: file, processors: [])
        result.version = try DescriptorFields.text(plugin.version, called: "its version") ?? ""
        result.summary = try DescriptorFields.text(plugin.summary, called: "its summary") ?? ""
        result.toolchain = try DescriptorFields.text(plugin.toolchain, called: "its toolchain")
        guard plugin.processor_count > 0 else {
            throw DescriptorError(message: "it has no processors")
        }
        let processors = try DescriptorFields.readArray(
            plugin.processors, count: Int(clamping: plugin.processor_count), limit: mostProcessors,
            as: pipes_processor(), called: "processors")
        for processor in processors {
            result.processors.append(try read(processor, file: file))
        }
        try refuseDoubles(result.processors.map(\.description.name), called: "processors")
        return result
    }

    private static func read(
        _ processor: pipes_processor, file: String
    ) throws(DescriptorError) -> LoadedProcessor {
        let name = try DescriptorFields.name(processor.name, called: "the name of a processor")
        do throws(DescriptorError) {
            if processor.function != nil || processor.signature != nil {
                return try readFunction(processor, called: name, file: file)
            }
            return LoadedProcessor(
                description: try describe(processor, called: name), descriptor: processor,
                file: file)
        } catch {
            throw DescriptorError(message: "processor \(name.quoted): \(error.message)")
        }
    }

    private static func shape(
        of processor: pipes_processor
    ) throws(DescriptorError) -> ProcessorDescription.Shape {
        var shapes: [(name: String, shape: ProcessorDescription.Shape)] = []
        if processor.produce != nil { shapes.append(("produce", .produce)) }
        if processor.map != nil { shapes.append(("map", .map)) }
        if processor.process != nil { shapes.append(("process", .process)) }
        guard let shape = shapes.first?.shape, shapes.count == 1 else {
            throw DescriptorError(
                message: shapes.isEmpty
                    ? "it has no shape; set one of produce, map, process or function"
                    : "it has the shapes \(shapes.map(\.name).joined(separator: " and ")); "
                        + "set one of them")
        }
        return shape
    }

    private static func describe(
        _ processor: pipes_processor, called name: String
    ) throws(DescriptorError) -> ProcessorDescription {
        let shape = try shape(of: processor)
        var result = ProcessorDescription(name: name, shape: shape, inputs: nil)
        result.summary = try DescriptorFields.text(processor.summary, called: "its summary") ?? ""
        // Flags that a later minor brings are none that this host could obey.
        result.flags = .init(rawValue: processor.flags & 0b11111)
        result.rate = try rate(of: processor, shape: shape)
        let params = try DescriptorFields.readArray(
            processor.params, count: Int(processor.param_count), limit: mostParams,
            as: pipes_param(), called: "params")
        for param in params { result.params.append(try ParamReader.read(param)) }
        try refuseDoubles(result.params.map(\.name), called: "params")
        try readPorts(of: processor, into: &result)
        result.holds = try holds(of: processor, params: result.params)
        return result
    }

    private static func readPorts(
        of processor: pipes_processor, into result: inout ProcessorDescription
    ) throws(DescriptorError) {
        let inputs = try ports(
            processor.inputs, count: processor.input_count, called: "inputs", fallback: "in")
        let outputs = try ports(
            processor.outputs, count: processor.output_count, called: "outputs", fallback: "out")
        if result.isSource, !inputs.isEmpty {
            throw DescriptorError(message: "it is a source and has inputs; a source has none")
        }
        if result.isSink, result.isSource {
            throw DescriptorError(
                message: "it has the shape produce and PIPES_SINK; set one of them")
        }
        if result.isSink, !outputs.isEmpty {
            throw DescriptorError(message: "it has PIPES_SINK and outputs; a sink has none")
        }
        result.inputs = result.isSource ? [] : inputs.isEmpty ? nil : inputs
        if result.isSink {
            result.outputs = []
        } else if !outputs.isEmpty {
            result.outputs = outputs
        }
    }

    private static func ports(
        _ start: UnsafePointer<pipes_port>?, count: UInt32, called field: String, fallback: String
    ) throws(DescriptorError) -> [ProcessorDescription.Port] {
        let ports = try DescriptorFields.readArray(
            start, count: Int(count), limit: mostPorts, as: pipes_port(), called: field)
        var result: [ProcessorDescription.Port] = []
        for (index, port) in ports.enumerated() {
            // A struct that ends before the name was not meant to have one.
            let hasName = Int(port.struct_size) > nameOffset
            let name =
                hasName
                ? try DescriptorFields.name(port.name, called: "the name of one of its \(field)")
                : ports.count == 1 ? fallback : "\(fallback)\(index)"
            let kind = try DescriptorFields.kind(
                port.kind, called: "\(name.quoted) of its \(field)")
            let help = try DescriptorFields.text(port.help, called: "a help of its \(field)") ?? ""
            result.append(.init(name: name, kind: kind, help: help))
        }
        try refuseDoubles(result.map(\.name), called: field)
        return result
    }

    private static func rate(
        of processor: pipes_processor, shape: ProcessorDescription.Shape
    ) throws(DescriptorError) -> ProcessorDescription.Rate {
        let rate: ProcessorDescription.Rate
        switch Int(processor.rate) {
        case PIPES_RATE_DEFAULT: rate = shape == .process ? .splits : .keeps
        case PIPES_RATE_KEEPS: rate = .keeps
        case PIPES_RATE_SPLITS: rate = .splits
        case PIPES_RATE_AGGREGATES: rate = .aggregates
        default:
            throw DescriptorError(message: "its rate \(processor.rate) is no pipes_rate")
        }
        if shape == .map, rate != .keeps {
            throw DescriptorError(
                message: "its rate is \(rate), and a map yields at most one value for each row; "
                    + "use process")
        }
        return rate
    }

    private static func holds(
        of processor: pipes_processor, params: [ProcessorDescription.Param]
    ) throws(DescriptorError) -> ProcessorDescription.Holds {
        guard let text = try DescriptorFields.text(processor.holds, called: "its holds"),
            !text.isEmpty
        else { return .none }
        if text == "all" { return .all }
        if text.allSatisfy({ $0.isASCII && $0.isNumber }) {
            guard let rows = Int(text) else {
                throw DescriptorError(message: "its holds \(text.quoted) is no number of rows")
            }
            return rows == 0 ? .none : .rows(rows)
        }
        guard let param = params.first(where: { $0.name == text }) else {
            throw DescriptorError(
                message: "its holds \(text.quoted) is no number, no INT param and not \"all\"")
        }
        guard param.kind == .int else {
            throw DescriptorError(
                message:
                    "its holds names param \(text.quoted), which is \(param.kind.name) and not INT")
        }
        return .param(text)
    }

    /// A plain function in a plugin: its signature says all but the name and the summary.
    private static func readFunction(
        _ processor: pipes_processor, called name: String, file: String
    ) throws(DescriptorError) -> LoadedProcessor {
        if processor.produce != nil || processor.map != nil || processor.process != nil {
            throw DescriptorError(
                message: "it has function or signature beside another shape; set one of "
                    + "produce, map, process or function")
        }
        guard let function = processor.function else {
            throw DescriptorError(message: "it has a signature and no function")
        }
        let text = try DescriptorFields.text(processor.signature, called: "its signature")
        guard let text else {
            throw DescriptorError(message: "it has a function and no signature")
        }
        let signature: Signature
        do throws(SignatureError) {
            signature = try Signature(text)
        } catch {
            throw DescriptorError(message: "signature, \(error)")
        }
        let summary = try DescriptorFields.text(processor.summary, called: "its summary") ?? ""
        do throws(BridgedFunction.OpenError) {
            let bridged = try BridgedFunction(
                name: name, signature: signature,
                function: unsafeBitCast(function, to: UnsafeRawPointer.self))
            return LoadedProcessor(
                description: signature.description(name: name, summary: summary),
                descriptor: processor, bridged: bridged, file: file)
        } catch {
            throw DescriptorError(message: error.message)
        }
    }

    private static func refuseDoubles(
        _ names: [String], called field: String
    ) throws(DescriptorError) {
        var seen: Set<String> = []
        guard let double = names.first(where: { !seen.insert($0).inserted }) else { return }
        throw DescriptorError(message: "two of its \(field) are called \(double.quoted)")
    }
}
