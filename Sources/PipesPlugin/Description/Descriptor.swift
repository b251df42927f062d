internal import CPipes

/// Writes descriptions as the C structs of pipes.h, into memory that is never freed.
enum Descriptor {
    static func make(
        name: String, version: String, summary: String,
        processors: [(blueprint: Blueprint, open: OpenFunction)]
    ) -> UnsafePointer<pipes_plugin> {
        let plugin = pipes_plugin(
            struct_size: size(of: pipes_plugin.self), minor: UInt32(PIPES_ABI_MINOR),
            name: text(name), version: text(version), summary: text(summary),
            toolchain: text(toolchain),
            processors: array(processors.map { processor($0.blueprint, open: $0.open) }),
            processor_count: UInt64(processors.count))
        let copy = UnsafeMutablePointer<pipes_plugin>.allocate(capacity: 1)
        copy.initialize(to: plugin)
        return UnsafePointer(copy)
    }

    private static func processor(
        _ blueprint: Blueprint, open: @escaping OpenFunction
    ) -> pipes_processor {
        var processor = pipes_processor()
        processor.struct_size = size(of: pipes_processor.self)
        processor.flags = blueprint.flags
        processor.name = text(blueprint.name)
        processor.summary = text(blueprint.summary)
        processor.params = UnsafePointer(array(blueprint.params.map(param)))
        processor.param_count = UInt32(blueprint.params.count)
        if let inputs = blueprint.inputs {
            processor.input_count = UInt32(inputs.count)
            processor.inputs = UnsafePointer(array(inputs.map(port)))
        }
        if let output = blueprint.output {
            processor.output_count = 1
            processor.outputs = UnsafePointer(array([port(output)]))
        }
        processor.holds = blueprint.holds.text.map(text)
        processor.open = open
        processor.close = EntryPoints.close
        if blueprint.isAsync { processor.cancel = EntryPoints.cancel }
        switch blueprint.shape {
        case .produce: processor.produce = EntryPoints.produce
        case .map:
            processor.map = EntryPoints.map
            processor.rate = pipes_rate(PIPES_RATE_KEEPS)
        case .process(.splits):
            processor.process = EntryPoints.process
            processor.rate = pipes_rate(PIPES_RATE_SPLITS)
        case .process(.aggregates):
            processor.process = EntryPoints.process
            processor.flush = EntryPoints.flush
            processor.rate = pipes_rate(PIPES_RATE_AGGREGATES)
        }
        return processor
    }

    private static func param(_ param: Param) -> pipes_param {
        pipes_param(
            struct_size: size(of: pipes_param.self), kind: param.kind.rawValue,
            name: text(param.name), help: text(param.help), fallback: param.fallback.map(text),
            choices: param.choices.map(text), minimum: param.minimum.map(text),
            maximum: param.maximum.map(text))
    }

    private static func port(_ port: Blueprint.Port) -> pipes_port {
        pipes_port(
            struct_size: size(of: pipes_port.self), kind: port.kind.rawValue,
            name: text(port.name), help: text(""))
    }

    private static func size<T>(of type: T.Type) -> UInt32 { UInt32(MemoryLayout<T>.size) }

    private static func array<T>(_ elements: [T]) -> UnsafeMutablePointer<T>? {
        guard !elements.isEmpty else { return nil }
        let copy = UnsafeMutablePointer<T>.allocate(capacity: elements.count)
        copy.initialize(from: elements, count: elements.count)
        return copy
    }

    private static func text(_ text: String) -> UnsafePointer<CChar> {
        let utf8 = text.utf8CString
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: utf8.count)
        _ = UnsafeMutableBufferPointer(start: copy, count: utf8.count).initialize(from: utf8)
        return UnsafePointer(copy)
    }

    private static var toolchain: String {
        #if compiler(>=6.4)
            "swift-6.4 or later"
        #else
            "swift-6.3"
        #endif
    }
}
