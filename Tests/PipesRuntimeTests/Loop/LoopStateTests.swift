import Testing

@testable import PipesRuntime

@Suite("The rows in a loop") struct LoopStateTests {
    @Test(
        "are counted right whatever happens in whatever order",
        arguments: [
            (0, 1, true, true), (0, 2, true, true), (1, 1, false, false), (2, 2, false, false),
            (1, 2, true, true), (2, 2, true, false), (1, 1, false, true), (2, 3, true, true),
        ])
    func exhaustive(initial: Int, most: Int, merges: Bool, hasOutside: Bool) {
        let state = LoopState(
            initialCount: initial, maxInLoop: most, merges: merges, hasOutside: hasOutside)
        let model = ModelLoop(
            initial: initial, most: most, merges: merges, outsideIsOpen: hasOutside)
        var seen = 0
        explore(state, model, depth: 8, &seen)
        #expect(seen > 200)
    }

    /// Follows every sequence of events from a state on.
    private func explore(_ state: LoopState, _ model: ModelLoop, depth: Int, _ seen: inout Int) {
        seen += 1
        #expect(state.count == model.inBody.count + model.waiting.count)
        #expect(state.room == max(0, model.most - state.count))
        #expect(state.isOver == model.isOver)
        guard depth > 0 else { return }
        for event in ModelLoop.Event.allCases where model.allows(event) {
            var (nextState, nextModel) = (state, model)
            let expected = nextModel.take(event)
            let actual = take(event, &nextState)
            #expect(actual == expected, "\(event)")
            guard actual == expected else { continue }
            explore(nextState, nextModel, depth: depth - 1, &seen)
        }
    }

    private func take(_ event: ModelLoop.Event, _ state: inout LoopState) -> [Int?] {
        switch event {
        case .begin: return [state.begin() ? 1 : 0]
        case .enter: state.enter(1)
        case .takeBack: state.takeBack(1)
        case .settleItem: return rounds(state.settle(1, areItems: true))
        case .settleLoss: return rounds(state.settle(1, areItems: false))
        case .endOutside: state.endOutside()
        case .drain: state.drain()
        case .exitsRest: state.want(.thisRound)
        case .close: state.want(.nothing)
        }
        return []
    }

    private func rounds(_ outcomes: [LoopState.Outcome]) -> [Int?] {
        outcomes.map { $0.start.map { Int($0.round) } }
    }

    @Test("come to their next round run by run")
    func runs() {
        var state = LoopState(initialCount: 3, maxInLoop: 5, merges: true, hasOutside: true)
        let hasBegun = state.begin()
        #expect(hasBegun)
        state.enter(2)
        var outcomes = state.settle(2, areItems: true)
        #expect(outcomes == [.init(start: (1, 0), count: 2)])
        outcomes = state.settle(3, areItems: true)
        let expected: [LoopState.Outcome] = [
            .init(start: (1, 2), count: 1), .init(start: (1, 3), count: 2),
        ]
        #expect(outcomes == expected)
        state.takeBack(4)
        #expect(state.room == 0)
        outcomes = state.settle(3, areItems: false)
        #expect(outcomes.isEmpty)
        #expect(state.count == 2)
        #expect(state.rounds == 2)
    }

    @Test("that were never in it go nowhere")
    func strangers() {
        var state = LoopState(initialCount: 1, maxInLoop: 1, merges: false, hasOutside: true)
        let hasBegun = state.begin()
        #expect(hasBegun)
        var outcomes = state.settle(1, areItems: false)
        #expect(outcomes.isEmpty)
        #expect(state.isOver)
        outcomes = state.settle(2, areItems: true)
        #expect(outcomes == [.init(start: nil, count: 2)])
    }
}

/// A loop as a list of its rows.
private struct ModelLoop {
    enum Event: CaseIterable {
        case begin, enter, takeBack, settleItem, settleLoss, endOutside, drain, exitsRest, close
    }

    struct Row {
        var round = 0
        var isInitial: Bool
    }

    let initial: Int
    let most: Int
    let merges: Bool
    var outsideIsOpen: Bool
    var hasBegun: Bool?
    var isDraining = false
    var demand = 2
    var inBody: [Row] = []
    var waiting: [Row] = []

    init(initial: Int, most: Int, merges: Bool, outsideIsOpen: Bool) {
        self.initial = initial
        self.most = most
        self.merges = merges
        self.outsideIsOpen = outsideIsOpen
    }

    var isOver: Bool {
        if demand == 0 { return true }
        let isEmpty = inBody.isEmpty && waiting.isEmpty
        return hasBegun != nil && isEmpty && !(merges && outsideIsOpen)
    }

    func allows(_ event: Event) -> Bool {
        switch event {
        case .begin: hasBegun == nil
        case .enter:
            hasBegun != nil && merges && outsideIsOpen && inBody.count + waiting.count < most
        case .takeBack: merges && !waiting.isEmpty
        case .settleItem, .settleLoss: !inBody.isEmpty
        case .endOutside: outsideIsOpen
        case .drain: !isDraining
        case .exitsRest: demand == 2
        case .close: demand > 0
        }
    }

    private var latestRound = 0
    /// The last round of initial rows, once that is known.
    private var lastRound: Int?
    private var endsInitial: Bool { isDraining && !outsideIsOpen }

    mutating func take(_ event: Event) -> [Int?] {
        defer { if endsInitial, lastRound == nil { lastRound = latestRound } }
        switch event {
        case .begin:
            let begins = demand == 2 && !endsInitial
            hasBegun = begins
            if begins {
                inBody = Array(repeating: Row(isInitial: true), count: initial)
            }
            return [begins ? 1 : 0]
        case .enter: inBody.append(Row(isInitial: false))
        case .takeBack: inBody.append(waiting.removeFirst())
        case .settleItem:
            var row = inBody.removeFirst()
            row.round += 1
            guard demand == 2, !row.isInitial || row.round <= lastRound ?? .max else {
                return [nil]
            }
            latestRound = max(latestRound, row.round)
            if merges { waiting.append(row) } else { inBody.append(row) }
            return [row.round]
        case .settleLoss: inBody.removeFirst()
        case .endOutside: outsideIsOpen = false
        case .drain: isDraining = true
        case .exitsRest: demand = min(demand, 1)
        case .close: demand = 0
        }
        return []
    }
}
