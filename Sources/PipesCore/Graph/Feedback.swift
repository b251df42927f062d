extension Graph {
    /// What makes an edge start the next round of a loop.
    public struct Feedback: Sendable {
        /// The rows of round 0, one value each, which come by the edge before anything else. As
        /// args are: BYTES as base64 text, an integer may stand for a FLOAT.
        public var initial: [Value]
        /// Rows that may be within the loop at once; nil: the receiver's `queue_size`, or as many
        /// as there are initial ones.
        public var maxInLoop: Int?
        public var places: Places
        /// Whether a part of it could not be read from the file, so that it must not be judged.
        public internal(set) var isUnreadable = false

        /// One of which nothing can be read but that it is there.
        static var unreadable: Graph.Feedback {
            var feedback = Graph.Feedback()
            feedback.isUnreadable = true
            return feedback
        }

        public init(
            initial: [Value] = [], maxInLoop: Int? = nil, places: Places = Places()
        ) {
            self.initial = initial
            self.maxInLoop = maxInLoop
            self.places = places
        }

        /// Where its parts stand in the file.
        public struct Places: Sendable {
            /// Of each initial value.
            public var initial: [Place]
            public var maxInLoop: Place?

            public init(initial: [Place] = [], maxInLoop: Place? = nil) {
                self.initial = initial
                self.maxInLoop = maxInLoop
            }
        }
    }
}
