import PipesCore
import PipesTesting

/// Results in the form that build servers read: the XML of JUnit's Ant task, a suite for the file.
enum JUnitText {
    static func text(of results: [GraphTestResult], file: String) -> String {
        let failed = results.count { !$0.hasPassed }
        let seconds = results.reduce(0) { $0 + $1.seconds }
        let counts = "tests=\"\(results.count)\" failures=\"\(failed)\" errors=\"0\""
        var lines = [
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
            "<testsuites \(counts) time=\"\(seconds)\">",
            "  <testsuite name=\"\(escaped(file))\" \(counts) time=\"\(seconds)\">",
        ]
        for result in results { lines += testCase(result, file: file) }
        lines += ["  </testsuite>", "</testsuites>"]
        return lines.map { $0 + "\n" }.joined()
    }

    private static func testCase(_ result: GraphTestResult, file: String) -> [String] {
        let line = result.place.map { " line=\"\($0.line)\"" } ?? ""
        let head =
            "    <testcase classname=\"\(escaped(file))\" name=\"\(escaped(result.name))\" "
            + "file=\"\(escaped(file))\"\(line) time=\"\(result.seconds)\""
        guard let first = result.failures.first else { return [head + "/>"] }
        let text = TestText(file: file).lines(of: result)
        return [
            head + ">",
            "      <failure message=\"\(escaped(first.message))\">\(escaped(text, keepsLines: true))"
                + "</failure>",
            "    </testcase>",
        ]
    }

    /// Characters that XML 1.0 can't hold become `?`.
    private static func escaped(_ text: String, keepsLines: Bool = false) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n" where keepsLines: result += "\n"
            case _ where scalar.properties.generalCategory == .control,
                "\u{FFFE}", "\u{FFFF}":
                result += "?"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
