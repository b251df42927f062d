import PipesCore

extension ValidationReport {
    /// The form of results that continuous integration reads: JUnit's XML, a suite for each
    /// processor.
    public var junit: String {
        var suites: [(name: String, results: [Result])] = []
        for result in results {
            let name = result.subject(of: plugin)
            if suites.last?.name == name {
                suites[suites.count - 1].results.append(result)
            } else {
                suites.append((name, [result]))
            }
        }
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
        for suite in suites {
            let failures = suite.results.count {
                if case .failed = $0.outcome { true } else { false }
            }
            let skipped = suite.results.count {
                if case .skipped = $0.outcome { true } else { false }
            }
            let hasNotBeenChecked = failingAll.contains { "\(plugin).\($0)" == suite.name }
            let more = hasNotBeenChecked ? 1 : 0
            text +=
                "  <testsuite name=\"\(suite.name.xml)\" tests=\"\(suite.results.count + more)\" "
            text += "failures=\"\(failures + more)\" errors=\"0\" skipped=\"\(skipped)\">\n"
            for result in suite.results { text += testCase(result, suite.name) }
            if hasNotBeenChecked { text += failedCase(named: "rows", of: suite.name) }
            text += "  </testsuite>\n"
        }
        return text + "</testsuites>\n"
    }

    /// What readers of skipped tests would take for a success.
    private func failedCase(named name: String, of suite: String) -> String {
        let reason = unchecked.first { $0.hasPrefix("\(suite) ") } ?? ""
        return "    <testcase classname=\"\(suite.xml)\" name=\"\(name)\" time=\"0\">\n"
            + "      <failure message=\"\(reason.xml)\"/>\n    </testcase>\n"
    }

    private func testCase(_ result: Result, _ suite: String) -> String {
        var text = "    <testcase classname=\"\(suite.xml)\" name=\"\(result.check.name.xml)\" "
        text += "time=\"\(result.duration / .seconds(1))\""
        switch result.outcome {
        case .passed: return text + "/>\n"
        case .skipped(let reason):
            return text + ">\n      <skipped message=\"\(reason.xml)\"/>\n    </testcase>\n"
        case .failed(let findings):
            let again = "again: \(again(result))"
            text += ">\n      <failure message=\"\(findings[0].xml)\">"
            text += (findings + [again]).joined(separator: "\n").xml
            return text + "</failure>\n    </testcase>\n"
        }
    }
}

extension String {
    /// As an attribute or text of XML 1.0, which has no control characters.
    fileprivate var xml: String {
        var text = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case "\n": text += "&#10;"
            case "\t": text += "\t"
            case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF:
                text += "\u{FFFD}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
