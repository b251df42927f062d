import PipesConformance
import Testing

@Suite("Plugins that break a rule")
struct BadPluginTests {
    /// A mistake of a fixture, and the check that is there to find it.
    struct Mistake: CustomTestStringConvertible, Sendable {
        var fixture: String
        var name: String
        var check: String

        init(_ fixture: String, _ name: String, _ check: String) {
            (self.fixture, self.name, self.check) = (fixture, name, check)
        }

        var testDescription: String { name }
    }

    static let mistakes = [
        Mistake("map", "EXPORTS_MORE", "exports"),
        Mistake("map", "EXPORTS_NAMES_LIKE_A_COMPILERS", "exports"),
        Mistake("map", "ANSWERS_ANOTHER_EACH_TIME", "entry"),
        Mistake("map", "ENTRY_STARTS_A_THREAD", "entry"),
        Mistake("map", "ENTRY_PRINTS", "entry"),
        Mistake("map", "VERSION_IS_A_WORD", "description"),
        Mistake("map", "NO_SUMMARY", "description"),
        Mistake("map", "SAYS_PURE_AND_HOLDS", "description"),
        Mistake("map", "SHARED_BY_ALL_NODES", "life-cycle"),
        Mistake("process", "NEEDS_A_ROW_BEFORE_FLUSH", "life-cycle"),
        Mistake("map", "CRASHES_AT_THE_END_ONCE_OPENED", "life-cycle"),
        Mistake("map", "CLOSES_IN_ORDER", "life-cycle"),
        Mistake("map", "ARGS_OF_THE_LAST_NODE", "life-cycle"),
        Mistake("map", "DIVIDES_BY_AN_ARG", "args"),
        Mistake("map", "LEAKS_MEMORY", "steady"),
        Mistake("map", "LEAKS_DESCRIPTORS", "steady"),
        Mistake("map", "LEAKS_THREADS", "steady"),
        Mistake("map", "LEAKS_THREADS_WITH_STACKS", "steady"),
        Mistake("map", "LEAKS_MAPPINGS", "steady"),
        Mistake("map", "LEAKS_WITH_EACH_ROW", "steady"),
        Mistake("process", "LEAKS_IN_FLUSH", "steady"),
        Mistake("map", "LEAKS_DESCRIPTORS_WHERE_IT_REFUSES", "steady"),
        Mistake("deferral", "BLOCKS_FOR_EVER", "stop"),
        Mistake("deferral", "SOURCE_CANCELS_ITSELF", "stop"),
        Mistake("map", "OPEN_ANSWERS_SKIP", "statuses"),
        Mistake("map", "ANSWERS_A_NUMBER", "statuses"),
        Mistake("map", "ANSWERS_CANCELLED", "statuses"),
        Mistake("process", "ANSWERS_SKIP", "statuses"),
        Mistake("process", "FLUSH_ANSWERS_REJECT", "statuses"),
        Mistake("deferral", "SOURCE_REJECTS", "statuses"),
        Mistake("deferral", "COMPLETES_WITH_A_NUMBER", "statuses"),
        Mistake("map", "EMITS_FROM_MAP", "emits"),
        Mistake("map", "CHOOSES_NO_OUTPUT", "emits"),
        Mistake("process", "EMITS_WITHOUT_A_ROW", "emits"),
        Mistake("process", "EMITS_OF_A_ROW_TOO_FAR", "emits"),
        Mistake("process", "EMITS_TWICE_THOUGH_IT_KEEPS", "emits"),
        Mistake("process", "EMITS_IN_FLUSH", "emits"),
        Mistake("process", "SINK_THAT_EMITS", "emits"),
        Mistake("deferral", "SINK_THAT_YIELDS", "emits"),
        Mistake("deferral", "SOURCE_EMITS_FROM_ROWS", "emits"),
        Mistake("map", "YIELDS_ANOTHER_KIND", "values"),
        Mistake("map", "YIELDS_NO_VALUE", "values"),
        Mistake("map", "YIELDS_HALF_A_TRUTH", "values"),
        Mistake("map", "YIELDS_A_TENSOR_OF_NOTHING", "values"),
        Mistake("map", "YIELDS_A_TENSOR_OF_ANOTHER_SIZE", "values"),
        Mistake("map", "CUTS_TEXTS", "values"),
        Mistake("map", "USES_AN_OLD_CALL", "calls"),
        Mistake("process", "SETTLES_A_ROW_TOO_FAR", "calls"),
        Mistake("process", "NUMBERS_ROWS_OF_A_BATCH", "splits"),
        Mistake("map", "RECURSES", "text"),
        Mistake("deferral", "ABORTS_AT_A_TENSOR", "text"),
        Mistake("deferral", "ABORTS_AT_DEEP_LISTS", "text"),
        Mistake("map", "WANTS_ITS_OWN_TABLE", "host-table"),
        Mistake("map", "READS_TO_A_NUL", "guard-pages"),
        Mistake("map", "WRITES_TO_ITS_INPUT", "guard-pages"),
        Mistake("map", "WRITES_BEHIND_ITS_MEMORY", "guard-pages"),
        Mistake("map", "READS_IN_FRONT_OF_A_TEXT", "guard-pages"),
        Mistake("map", "READS_IN_FRONT_OF_A_ROW", "guard-pages"),
        Mistake("map", "WRITES_IN_FRONT_OF_ITS_MEMORY", "guard-pages"),
        Mistake("map", "LOOKS_AT_THE_LAST_ROW", "kept-inputs"),
        Mistake("map", "YIELDS_MEMORY_OF_THE_LAST_CALL", "kept-inputs"),
        Mistake("process", "AGGREGATES_IN_MEMORY_OF_A_CALL", "kept-inputs"),
        Mistake("map", "KEEPS_RESULTS_IN_ITS_STATE", "results"),
        Mistake("process", "YIELDS_FREED_MEMORY", "results"),
        Mistake("map", "YIELDS_ITS_ARGS", "results"),
        Mistake("process", "HOLDS_FOR_EVER", "releases"),
        Mistake("process", "RELEASE_NEEDS_AN_OPEN_NODE", "releases"),
        Mistake("map", "LOGS_AFTER_CLOSE", "releases"),
        Mistake("map", "TRUSTS_IN_MEMORY", "allocation"),
        Mistake("process", "COUNTS_BEFORE_IT_CAN_FAIL", "allocation"),
        Mistake("map", "TRUSTS_MALLOC_IN_OPEN", "allocation"),
        Mistake("map", "FORGETS_WHAT_IT_HAD", "allocation"),
        Mistake("process", "TRUSTS_IN_MALLOC", "allocation"),
        Mistake("map", "STATE_OF_A_THREAD", "threads"),
        Mistake("map", "BUFFER_OF_ALL_THREADS", "concurrent"),
        Mistake("map", "BUFFER_OF_ALL_THREADS_AT_LAST", "concurrent"),
        Mistake("map", "SLEEPS", "nonblocking"),
        Mistake("map", "COUNTS", "pure"),
        Mistake("map", "WRITES_A_FILE", "pure"),
        Mistake("deferral", "NEVER_COMPLETES", "deferral"),
        Mistake("deferral", "COMPLETES_TWICE", "deferral"),
        Mistake("deferral", "DEFERS_WITHOUT_A_TICKET", "deferral"),
        Mistake("deferral", "DEFERS_AND_ANSWERS_OK", "deferral"),
        Mistake("deferral", "DEFERS_WITHOUT_THE_FLAG", "deferral"),
        Mistake("deferral", "SHARES_WITH_OTHER_CALLS", "deferral"),
        Mistake("process", "HOLDS_MORE_THAN_IT_SAYS", "holds"),
    ]

    @Test("each mistake is found by the check that is there for it", arguments: mistakes)
    func found(_ mistake: Mistake) async throws {
        let folder = try CheckedPlugin.Folder()
        let plugin = try CheckedPlugin(mistake.fixture, mistake.name, in: folder)
        let report = try await plugin.validate(only: [mistake.check])
        #expect(!report.findings.isEmpty, "\(report.text)")
    }

    @Test("what ends the process in many checks is told by the first, and named by the others")
    func ending() async throws {
        let folder = try CheckedPlugin.Folder()
        let plugin = try CheckedPlugin("map", "ABORTS", in: folder)
        let report = try await plugin.validate(only: ["emits", "values"])
        #expect(report.text.contains("    FAILED  emits: Values leave"))
        #expect(report.text.contains("    FAILED  values, as emits: signal 6 (aborted) at "))
        #expect(report.findings.count == 2)
    }

    @Test("a processor that never opens has not passed")
    func unopened() async throws {
        let folder = try CheckedPlugin.Folder()
        let plugin = try CheckedPlugin("map", "REFUSES_TO_OPEN", in: folder)
        let report = try await plugin.validate(only: ["emits", "entry", "values"])
        #expect(report.findings == [])
        #expect(report.unchecked == ["nothing of rules.loud was checked"])
        #expect(!report.hasPassed)
    }

    @Test("every check has a mistake that it finds")
    func complete() {
        #expect(Set(Self.mistakes.map(\.check)) == Set(Check.all.map(\.name)))
    }
}
