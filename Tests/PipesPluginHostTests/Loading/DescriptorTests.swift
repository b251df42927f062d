import CPipes
import PipesCore
import PipesPluginHost
import Testing

@Suite("Descriptors of plugins")
struct DescriptorTests {
    private let workshop: PluginWorkshop

    init() throws {
        workshop = try PluginWorkshop()
    }

    @Test(
        "a mistake in a description is told with processor and field",
        arguments: [
            (
                "TWO_SHAPES",
                "processor \"same\": it has the shapes map and process; set one of them"
            ),
            (
                "NO_SHAPE",
                "processor \"same\": it has no shape; set one of produce, map, process or function"
            ),
            (
                "FUNCTION_AND_SHAPE",
                "processor \"same\": it has function or signature beside another shape; set one of produce, map, process or function"
            ),
            ("FUNCTION_ALONE", "processor \"same\": it has a function and no signature"),
            ("SIGNATURE_ALONE", "processor \"same\": it has a signature and no function"),
            (
                "SIGNATURE_WRONG",
                "processor \"same\": signature, column 5: unknown type \"imt\". Did you mean \"int\"?"
            ),
            (
                "SOURCE_WITH_INPUTS",
                "processor \"same\": it is a source and has inputs; a source has none"
            ),
            (
                "SINK_WITH_OUTPUTS",
                "processor \"same\": it has PIPES_SINK and outputs; a sink has none"
            ),
            (
                "HOLDS_UNKNOWN",
                "processor \"same\": its holds \"size\" is no number, no INT param and not \"all\""
            ),
            ("RATE_UNKNOWN", "processor \"same\": its rate 9 is no pipes_rate"),
            (
                "RATE_OF_MAP",
                "processor \"same\": its rate is aggregates, and a map yields at most one value for each row; use process"
            ),
            (
                "NAME_WITH_DOT",
                "the name of a processor \"sa.me\" may hold letters, digits, _ and - alone"
            ),
            ("NAME_EMPTY", "the name of a processor is missing"),
            ("NAME_MISSING", "the name of a processor is missing"),
            ("NAME_NO_UTF8", "the name of a processor is not valid UTF-8"),
            (
                "PARAM_KIND",
                "processor \"same\": param \"odd\": it is of kind 77, which is no pipes_kind"
            ),
            (
                "PARAM_NULL_KIND",
                "processor \"same\": param \"odd\": it is of kind NULL, which no arg can have"
            ),
            ("PARAM_UNNAMED", "processor \"same\": the name of a param is missing"),
            ("PARAM_TWICE", "processor \"same\": two of its params are called \"num\""),
            ("PARAMS_NULL", "processor \"same\": 1 params, and the pointer to them is NULL"),
            (
                "PARAMS_TOO_MANY",
                "processor \"same\": 4000000000 params, and at most 1000 are allowed"
            ),
            ("DEFAULT_OTHER_KIND", "processor \"same\": param \"odd\": its default 1.5 is no INT"),
            (
                "DEFAULT_NO_CHOICE",
                "processor \"same\": param \"odd\": its default \"c\" is none of its choices"
            ),
            (
                "DEFAULT_BELOW",
                "processor \"same\": param \"odd\": its default 0 is below its minimum"
            ),
            (
                "DEFAULT_ABOVE",
                "processor \"same\": param \"odd\": its default 9.5 is above its maximum"
            ),
            (
                "LIMITS_CROSSED",
                "processor \"same\": param \"odd\": its minimum is above its maximum"
            ),
            (
                "LIMIT_OF_TEXT",
                "processor \"same\": param \"odd\": it has a minimum, and a STRING is no number"
            ),
            (
                "CHOICES_NO_LIST",
                "processor \"same\": param \"odd\": its choices 3 are no JSON list with values"
            ),
            (
                "SECOND_PARAM_SIZE",
                "processor \"same\": number 2 of its params has struct_size 0, and the first has 56: all have the same"
            ),
            (
                "PORT_KIND",
                "processor \"same\": \"text\" of its inputs is of kind 99, which is no pipes_kind"
            ),
            (
                "PORT_MISNAMED",
                "processor \"same\": the name of one of its inputs \"te xt\" may hold letters, digits, _ and - alone"
            ),
            (
                "PORT_UNNAMED",
                "processor \"same\": the name of one of its inputs is missing"
            ),
            ("PORT_TWICE", "processor \"same\": two of its inputs are called \"text\""),
            (
                "SECOND_SIZE",
                "number 2 of its processors has struct_size 0, and the first has 152: all have the same"
            ),
            ("TWICE", "two of its processors are called \"same\""),
            ("NO_PROCESSORS", "it has no processors"),
            (
                "PROCESSORS_TOO_MANY",
                "9223372036854775807 processors, and at most 10000 are allowed"
            ),
            (
                "SIZE_ZERO",
                "its description has struct_size 0, which no version of the ABI has; set it to sizeof of the struct"
            ),
            (
                "SIZE_HUGE",
                "its description has struct_size 2147483647, which no version of the ABI has: it was built with another pipes.h, whose structs have other fields. Build it with the pipes.h of this host"
            ),
            (
                "SIZE_TEXT",
                "its description has struct_size 1868784964 (the text \"Deco\"), which no version of the ABI has: it was built with another pipes.h, whose structs have other fields. Build it with the pipes.h of this host"
            ),
            ("NULL_PLUGIN", "its pipes_plugin_v1 answered NULL"),
            ("MINOR=7", "made for ABI 1.7, this host has 1.0"),
            (
                "NAME=\"other\"",
                "its file is asked for plugin descriptor, libdescriptor, and it says that its name is \"other\"; name the file other.so or libother.so"
            ),
        ])
    func mistakes(_ define: String, _ message: String) throws {
        let file = try workshop.build("descriptor.c", as: "libdescriptor.so", [define])
        #expect(
            workshop.catalog().mistakes("descriptor.same") == [
                CatalogError(.coro, "plugin descriptor (\(file)) can't be used: \(message)")
            ])
    }

    @Test("a default that is not JSON says why")
    func noJSON() throws {
        try workshop.build("descriptor.c", as: "descriptor.so", ["DEFAULT_NO_JSON"])
        let message = workshop.catalog().mistakes("descriptor.same").first?.message ?? ""
        #expect(message.contains("param \"odd\": its default \"hi\" is not JSON: "))
    }

    @Test("a good description is taken over whole")
    func good() throws {
        let file = try workshop.build("descriptor.c", as: "descriptor.so")
        let plugin = try workshop.catalog().plugin("descriptor").get()
        #expect(plugin.version == "1.2.3" && plugin.file == file && plugin.toolchain == nil)
        let descriptions = plugin.processors.map(\.description)
        let num = ProcessorDescription.Param(
            name: "num", kind: .int, help: "How many.", fallback: .int(20))
        let text = ProcessorDescription.Port(name: "text", kind: .string)
        #expect(
            descriptions == [
                ProcessorDescription(
                    name: "same", summary: "Passes rows on.", shape: .map, flags: .concurrent,
                    params: [num], inputs: [text], outputs: [text]),
                ProcessorDescription(
                    name: "collect", shape: .process, rate: .aggregates, params: [num],
                    inputs: nil, holds: .param("num")),
                ProcessorDescription(name: "numbers", shape: .produce, inputs: []),
                ProcessorDescription(
                    name: "drop", shape: .process, rate: .splits, flags: .sink, inputs: nil,
                    outputs: []),
                ProcessorDescription(
                    name: "absolute", summary: "Without its sign.", shape: .map,
                    flags: [.pure, .concurrent, .nonblocking],
                    inputs: [.init(name: "in", kind: .int)],
                    outputs: [.init(name: "out", kind: .int)]),
            ])
        #expect(plugin.processors.map { $0.bridged != nil } == [false, false, false, false, true])
        #expect(plugin.processors[0].descriptor.map != nil)
    }

    @Test("structs that are smaller than the host's count as zero where they end")
    func smaller() throws {
        try workshop.build("sizes.c", as: "libsizes.so", ["SMALLER"])
        let plugin = try workshop.catalog().plugin("sizes").get()
        #expect(plugin.processors.map(\.description.name) == ["one", "two"])
        let one = plugin.processors[0].description
        #expect(one.params.map(\.name) == ["first", "second"])
        #expect(one.params.map(\.help) == ["1", ""] && one.params.map(\.fallback) == [nil, nil])
        #expect(one.inputs?.map(\.name) == ["in0", "in1"])
        #expect(one.inputs?.map(\.kind) == [.string, .bytes])
        #expect(plugin.processors[0].descriptor.close == nil)
    }

    @Test("what structs have beyond the host's is ignored")
    func larger() throws {
        try workshop.build("sizes.c", as: "libsizes.so")
        let plugin = try workshop.catalog().plugin("sizes").get()
        #expect(plugin.processors.map(\.description.name) == ["one", "two"])
        let one = plugin.processors[0].description
        #expect(one.params.map(\.fallback) == [.int(7), nil])
        #expect(one.inputs?.map(\.name) == ["left", "right"])
    }
}
