import EventCatalogue
import Testing

@Suite struct `Drawing the modules` {
    @Test func `labels edges with types, and those to a consumer of everything with all`() {
        #expect(
            EventCatalogue.sample.mermaid() == """
                flowchart LR
                    audit["audit"]
                    forest["forest"]
                    mail["mail"]
                    parcel["parcel"]
                    forest -->|"all"| audit
                    parcel -->|"all"| audit
                    parcel -->|"ParcelSentEventV1"| forest
                    parcel -->|"ParcelLostEventV1<br/>ParcelSentEventV1"| mail

                """)
    }

    @Test func `draws a publisher that nobody hears`() {
        let entry = EventCatalogue.Entry(
            event: ParcelSent.self, publisher: "parcel", consumers: [])
        let catalogue = EventCatalogue([entry], title: "Samples", version: "1")
        #expect(catalogue.mermaid() == "flowchart LR\n    parcel[\"parcel\"]\n")
    }

    @Test func `names the type when there is no other`() {
        let entry = EventCatalogue.Entry(
            event: ParcelSent.self, publisher: "parcel", consumers: ["mail.parcel-mails"])
        let catalogue = EventCatalogue([entry], title: "Samples", version: "1")
        #expect(catalogue.mermaid().contains(#"parcel -->|"ParcelSentEventV1"| mail"#))
    }
}
