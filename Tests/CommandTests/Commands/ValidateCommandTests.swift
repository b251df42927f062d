import Foundation
import Testing

@Suite("validate")
struct ValidateCommandTests {
    private static let build =
        "cc -std=gnu11 -fPIC -shared -fvisibility=hidden -pthread -I"
        + Command.checkout.appendingPathComponent("include").path + " -DEXPORTS_MORE -o rules.so "
        + Command.checkout.appendingPathComponent("Tests/Fixtures/badplugins/contract_map.c").path

    private func validate(_ options: String) async throws -> Command.Outcome {
        let scratch = try Scratch()
        return try await Command.shell(
            "\(Self.build) && pipes-host validate rules.so \(options)", in: scratch.folder
        ).outcome()
    }

    @Test("what was found is told with its place in the contract and how to make it again")
    func text() async throws {
        let outcome = try await validate("--only exports --only entry --seed 7")
        #expect(
            outcome.output == """
                rules: 1 of 2 checks passed
                    FAILED  exports: It exports nothing but its entry.
                        it exports helper beside its entry; make them static, or build with -fvisibility=hidden
                        see pipes.h, "The one symbol a plugin exports"
                        again: validate rules.so --only exports
                1 passed, 1 failed, 0 skipped; seed 7

                """)
        #expect(outcome.errors == "")
        #expect(outcome.code == 1)
    }

    @Test("a plugin that passes gives exit code 0, and the results as JSON")
    func json() async throws {
        let outcome = try await validate("--only splits --only entry --seed 7 --json")
        struct Report: Decodable {
            struct Result: Decodable {
                var check: String
                var processor: String?
                var status: String
            }
            var plugin: String
            var seed: String
            var passed: Bool
            var results: [Result]
        }
        let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
        #expect(report.plugin == "rules" && report.seed == "7" && report.passed)
        #expect(report.results.map(\.check) == ["entry", "splits"])
        #expect(report.results.map(\.processor) == [nil, "loud"])
        #expect(report.results.map(\.status) == ["passed", "passed"])
        #expect(outcome.code == 0)
    }

    @Test("the results in JUnit's form")
    func junit() async throws {
        let outcome = try await validate("--only exports --junit -")
        let text = outcome.output.replacing(#/time="[^"]*"/#, with: "time=\"0\"")
        #expect(
            text == """
                <?xml version="1.0" encoding="UTF-8"?>
                <testsuites>
                  <testsuite name="rules" tests="1" failures="1" errors="0" skipped="0">
                    <testcase classname="rules" name="exports" time="0">
                      <failure message="it exports helper beside its entry; make them static, or build with -fvisibility=hidden">it exports helper beside its entry; make them static, or build with -fvisibility=hidden&#10;again: validate rules.so --only exports</failure>
                    </testcase>
                  </testsuite>
                </testsuites>

                """)
        #expect(outcome.code == 1)
    }

    @Test("--json goes with a file for JUnit, which is opened before anything is checked")
    func jsonAndJunit() async throws {
        let outcome = try await validate("--only exports --json --junit out.xml && cat out.xml")
        #expect(outcome.output.hasPrefix("{\n"))
        #expect(outcome.output.hasSuffix("}\n"))
        let refused = try await validate("--only exports --junit no/such/folder")
        #expect(refused.output == "")
        #expect(
            refused.errors
                == "no/such/folder: error: can't be written, as the report: "
                + "No such file or directory\n")
        #expect(refused.code == 1)
    }

    @Test("a param without a default makes its processor's checks skipped, aloud")
    func skipped() async throws {
        let plugin = Command.products.appendingPathComponent("libflow.so").path
        let outcome = try await Command.host(
            ["validate", plugin, "--processor", "head", "--seed", "7"]
        ).outcome()
        #expect(
            outcome.output == """
                flow.head: 0 of 19 checks passed
                    skipped all checks: it needs param "num" (INT); give it with --set head.num=VALUE
                0 passed, 0 failed, 19 skipped; seed 7
                nothing of flow.head was checked

                """)
        #expect(outcome.code == 1)
    }

    @Test("a plugin passes although a processor waits for a param, which is told")
    func waiting() async throws {
        let plugin = Command.products.appendingPathComponent("libjson.so").path
        let outcome = try await Command.host(
            ["validate", plugin, "--only", "entry", "--only", "emits", "--only", "results"]
        ).outcome()
        #expect(
            outcome.output.contains(
                "    skipped all checks: it needs param \"path\" (STRING); give it with --set "
                    + "get.path=VALUE\n"))
        #expect(outcome.output.hasSuffix("\nnothing of json.get was checked\n"))
        #expect(outcome.code == 0)
    }

    @Test(
        "where there is nothing to check this is told, and no success",
        arguments: [
            (
                "--only exports --processor loud",
                "exports is about the whole plugin, so leave out --processor"
            ),
            ("--only pure", "pure is not made of loud, whose description it does not concern"),
        ])
    func idle(_ options: String, _ reason: String) async throws {
        let outcome = try await validate(options + " --seed 7")
        #expect(
            outcome.output == """
                0 passed, 0 failed, 0 skipped; seed 7
                nothing was checked: \(reason)

                """)
        #expect(outcome.code == 1)
    }

    @Test("what makes a check again has all args, in quotes where a shell needs them")
    func again() async throws {
        let scratch = try Scratch()
        let options =
            "'it is/rules.so' --processor loud --set 'loud.mark=it'\\''s $(ls)' --only values --seed 7"
        let outcome = try await Command.shell(
            "\(Self.build) && mkdir 'it is' && mv rules.so 'it is' && pipes-host validate \(options) --json",
            in: scratch.folder
        ).outcome()
        struct Report: Decodable {
            struct Result: Decodable {
                var again: String
            }
            var results: [Result]
        }
        let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
        #expect(
            report.results.map(\.again) == [
                "validate 'it is/rules.so' --only values --processor loud "
                    + "--set 'loud.mark=it'\\''s $(ls)' --seed 7"
            ])
    }

    @Test(
        "what can't be validated is told",
        arguments: [
            ("none.so", "none.so: error: No such file or directory\n", Int32(1)),
            (
                "rules.so --processor quiet",
                "rules.so: error: no processor \"quiet\"; it has loud\n", 1
            ),
            (
                "rules.so --set loud.nmu=1",
                "rules.so: error: --set loud.nmu=1: no param \"nmu\" in loud; it has num, mark\n", 1
            ),
            (
                "rules.so --set loud.num=-1",
                "rules.so: error: --set loud.num=-1: the value is -1, below its minimum 0\n", 1
            ),
        ])
    func refused(_ arguments: String, _ errors: String, _ code: Int32) async throws {
        let scratch = try Scratch()
        let outcome = try await Command.shell(
            "\(Self.build) && pipes-host validate \(arguments)", in: scratch.folder
        ).outcome()
        #expect(outcome.errors == errors)
        #expect(outcome.code == code)
    }

    @Test("an unknown check is wrong usage, and the nearest is named")
    func usage() async throws {
        let outcome = try await Command.host(["validate", "x.so", "--only", "split"]).outcome()
        #expect(outcome.errors.contains("there is no check \"split\". Did you mean \"splits\"?"))
        #expect(outcome.code == 64)
    }
}
