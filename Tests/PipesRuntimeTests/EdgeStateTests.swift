import Testing

@Suite("An edge's state") struct EdgeStateTests {
}
