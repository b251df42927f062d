extension GraphFileReader {
    /// Reads `"feedback": {"initial": [...], "max_in_loop": 1}`.
    /// - Returns: what could be read of it: the edge is meant to go back, whatever is wrong.
    mutating func feedback(_ member: LocatedJSON.Member, of subject: Subject) -> Graph.Feedback {
        var feedback = Graph.Feedback()
        guard case .object(let members) = member.value.content else {
            wrongKind(
                member.value, of: subject, key: "feedback",
                wants: "an object such as {\"initial\": [0], \"max_in_loop\": 1}")
            feedback.isUnreadable = true
            return feedback
        }
        for member in members {
            switch member.key {
            case "initial": read(initial: member, of: subject, into: &feedback)
            case "max_in_loop":
                let range = GraphFileReader.queueSizes
                feedback.places.maxInLoop = place(member.value.offset)
                feedback.maxInLoop = integer(member, of: subject, in: range)
                if feedback.maxInLoop == nil { feedback.isUnreadable = true }
            default:
                let meant = unknownKey(
                    member, of: subject, owner: "\"feedback\"", known: ["initial", "max_in_loop"])
                if meant != nil { feedback.isUnreadable = true }
            }
        }
        return feedback
    }

    private mutating func read(
        initial: LocatedJSON.Member, of subject: Subject, into feedback: inout Graph.Feedback
    ) {
        guard case .list(let elements) = initial.value.content else {
            wrongKind(
                initial.value, of: subject, key: "initial",
                wants: "a list of the first rows' values, such as [0]")
            feedback.isUnreadable = true
            return
        }
        for element in elements {
            let errorCount = diagnostics.count
            feedback.initial.append(value(element, of: subject))
            if diagnostics.count > errorCount { feedback.isUnreadable = true }
            feedback.places.initial.append(place(element.offset))
        }
    }
}
