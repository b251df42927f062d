import Testing

@testable import PipesRuntime

@Suite("The load of results") struct ResultLoadTests {
    private static func load(_ bytes: Int...) -> ResultLoad {
        var load = ResultLoad(share: 100, holdsRows: false)
        for bytes in bytes { load.add(bytes) }
        return load
    }

    @Test("is to be sent once it is a share of what the edges hold")
    func share() {
        var load = Self.load(60)
        #expect(!load.isShareFull)
        load.add(40)
        #expect(load.isShareFull && load.isShare(100) && !load.isShare(99))
        load.remove(60)
        #expect(!load.isShareFull && load.byteCount == 40)
    }

    @Test(
        "has no row started whose result there is no room for",
        arguments: [
            // What is in flight is of unknown size as long as nothing waits for room.
            (load(10), 1000, false, true), (load(150), 0, false, true),
            (load(200), 1, false, false),
            // Else it is taken to be like those before.
            (load(10), 8, true, true), (load(10), 9, true, false), (load(101), 0, true, false),
        ])
    func starting(load: ResultLoad, inFlight: Int, isBlocked: Bool, mayStart: Bool) {
        #expect(load.mayStart(inFlight: inFlight, isBlocked: isBlocked) == mayStart)
    }

    @Test("holds nobody up where rows may wait for one another, or nothing is sent")
    func unlimited() {
        for share in [nil, 100] {
            var load = ResultLoad(share: share, holdsRows: share != nil)
            load.add(1000)
            #expect(load.mayStart(inFlight: 5, isBlocked: true))
        }
    }
}
