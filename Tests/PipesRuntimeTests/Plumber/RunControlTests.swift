import Logging
import Testing

@testable import PipesRuntime

@Suite("The orders of a run") struct RunControlTests {
    private func control() -> RunControl {
        var options = Plumber.Options()
        options.logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return RunControl(graph: "test", wakefulness: Wakefulness {}, options: options)
    }

    @Test("only get worse, and each step is news once, in whatever order they come")
    func orders() {
        let all: [RunControl.Order] = [.run, .drain, .cancel]
        for first in all {
            for second in all {
                for third in all {
                    let control = control()
                    var worst = RunControl.Order.run
                    for order in [first, second, third] {
                        #expect(control.raise(to: order) == (order > worst))
                        worst = max(worst, order)
                        #expect(control.order == worst)
                        #expect(control.isCancelled == (worst == .cancel))
                    }
                }
            }
        }
    }

    @Test("know the failure that stopped a run from what a cancel made of it")
    func failures() {
        let control = control()
        control.noteStop("broken")
        control.noteStop("broken")
        _ = control.raise(to: .cancel)
        control.noteStop("fails because it was cancelled")
        #expect(control.isStoppedByFailure)
        #expect(control.failures == ["broken"])
        control.note("did not return")
        #expect(control.failures == ["broken", "did not return"])
    }
}
