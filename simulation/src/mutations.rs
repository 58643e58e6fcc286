//! Deliberate breakages of the source, one at a time, to see that the simulation has teeth.
//!
//! `cargo run -p simulation --bin mutate` applies each to a copy of the source and runs seeds until
//! one fails. A test holds every `find` against today's source, so that the table does not rot.

/// One breakage.
#[derive(Debug, Clone, Copy)]
pub struct Mutation {
    /// What is broken, in a line.
    pub breaks: &'static str,
    /// The file, from the root of the checkout.
    pub file: &'static str,
    /// What stands there, exactly once.
    pub find: &'static str,
    /// What stands there instead.
    pub replace: &'static str,
}

/// All of them, in the order of an event's way.
pub const MUTATIONS: &[Mutation] = &[
    Mutation {
        breaks: "every attempt to send an event makes a new event of it",
        file: "domain/src/record.rs",
        find: "events.into_iter().map(Event::canonical).collect();",
        replace: r#"{
            static PACKED: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
            let new = PACKED.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let id = format!("\"event_id\":\"{new}-");
            let lines = events.into_iter().map(Event::canonical);
            lines.map(|line| line.replacen("\"event_id\":\"", &id, 1)).collect()
        };"#,
    },
    Mutation {
        breaks: "an event is acknowledged although Kinesis did not take it",
        file: "ingest/src/publish.rs",
        find: "Put::Failed(Failure::Throttled(_)) => Fate::Throttled,",
        replace: r#"Put::Failed(Failure::Throttled(_)) => Fate::Stored {
            shard_id: "shardId-000000000000".to_owned(),
            sequence_number: SequenceNumber::new("0"),
        },"#,
    },
    Mutation {
        breaks: "the answers of a call go to the wrong records",
        file: "ingest/src/publish.rs",
        find: "for (place, answer) in unsent.places.iter().zip(&answers) {",
        replace: "for (place, answer) in unsent.places.iter().rev().zip(&answers) {",
    },
    Mutation {
        breaks: "the answer for one record counts for all of the call",
        file: "ingest/src/publish.rs",
        find: "fates[*place] = fate(answer);",
        replace: "fates[*place] = fate(&answers[0]);",
    },
    Mutation {
        breaks: "a repetition in a request is acknowledged although its first is not stored",
        file: "ingest/src/result.rs",
        find: "if result.status != Status::Retry {",
        replace: "if result.status != Status::Rejected {",
    },
    Mutation {
        breaks: "a clock that is ahead is not refused",
        file: "domain/src/event/parse.rs",
        find: "is_ok_and(|ahead| ahead > self.ahead_max)",
        replace: "is_ok_and(|ahead| ahead > self.ahead_max * 10_000)",
    },
    Mutation {
        breaks: "an event just inside the age limit is refused after its acknowledgement",
        file: "processors/src/open.rs",
        find: ".with_grace(GRACE)",
        replace: ".with_grace(GRACE / 3600)",
    },
    Mutation {
        breaks: "sequence numbers are compared as texts",
        file: "domain/src/record.rs",
        find: "a.len().cmp(&b.len()).then_with(|| a.cmp(b))",
        replace: "a.cmp(b)",
    },
    Mutation {
        breaks: "a child shard is read before its parent is done",
        file: "local/event-source-mapping/src/decisions/lineage.rs",
        find: "        .filter(|shard| shard.parents.iter().all(|parent| over(parent)))\n",
        replace: r#"        .filter(|shard| shard.parents.iter().all(|parent| over(parent) || true))
"#,
    },
    Mutation {
        breaks: "records of one partition key are handled side by side",
        file: "local/event-source-mapping/src/decisions/lanes.rs",
        find: "lane_of(&record.partition_key, self.lanes.len())",
        replace: "lane_of(record.sequence_number.as_str(), self.lanes.len())",
    },
    Mutation {
        breaks: "a batch is checkpointed although its saves failed",
        file: "local/event-source-mapping/src/decisions/lanes.rs",
        find: "        self.finish(&done);\n        let lane",
        replace: "        self.finish(&done);\n        self.finish(&rest);\n        let lane",
    },
    Mutation {
        breaks: "the record that failed is left out of the redelivery",
        file: "local/event-source-mapping/src/decisions/lanes.rs",
        find: "Verdict::RetryFrom { index, .. } => (index, len - index),",
        replace: "Verdict::RetryFrom { index, .. } => ((index + 1).min(len), len - index),",
    },
    Mutation {
        breaks: "the second half of a halved batch is forgotten",
        file: "local/event-source-mapping/src/decisions/lanes.rs",
        find: r#"                lane.pieces.push_front(back);
                lane.pieces.push_front(front);"#,
        replace: "                drop(back);\n                lane.pieces.push_front(front);",
    },
    Mutation {
        breaks: "the checkpoint runs ahead of a gap",
        file: "local/event-source-mapping/src/decisions/prefix.rs",
        find: "            *state = State::Done;\n",
        replace: r#"            *state = State::Done;
            self.reached = self.entries.get(index as usize).map(|(number, _)| number.clone());
"#,
    },
    Mutation {
        breaks: "no failure is reported for a row that could not be saved",
        file: "processors/src/batch.rs",
        find: "Err(failure) => outcome.count_failed(&change.lowest, &failure),",
        replace: "Err(failure) => warn!(\"not stored: {failure}\"),",
    },
    Mutation {
        breaks: "the highest failed record is reported, not the lowest",
        file: "processors/src/batch.rs",
        find: "is_none_or(|lowest| sequence_number < lowest)",
        replace: "is_none_or(|lowest| sequence_number > lowest)",
    },
    Mutation {
        breaks: "poison is dropped in silence",
        file: "processors/src/batch.rs",
        find: "keep_all(quarantine, poison, &mut outcome).await;",
        replace: "keep_all(quarantine, Vec::new(), &mut outcome).await; drop(poison);",
    },
    Mutation {
        breaks: "poison that could not be kept is not delivered again",
        file: "processors/src/batch.rs",
        find: "Err(failure) => outcome.count_failed(&poison.sequence_number, &failure),",
        replace: "Err(failure) => warn!(\"not kept: {failure}\"),",
    },
    Mutation {
        breaks: "counts that come late are ignored",
        file: "processors/src/open.rs",
        find: "                Ok(event) => events.push(Opened {",
        replace: r#"                Ok(event)
                    if event.action().kind() == domain::event::Kind::Count
                        && event.window().is_over_at(record.arrived_at) => {}
                Ok(event) => events.push(Opened {"#,
    },
    Mutation {
        breaks: "a row is saved over whatever was stored meanwhile",
        file: "processors/src/save.rs",
        find: "match self.stock.save_stock(&row, read.as_ref()).await? {",
        replace: r#"let now = self.stock.load_stock(std::slice::from_ref(&key)).await?;
            let read = now.first().map(StockWindow::version).or(read.filter(|_| false));
            match self.stock.save_stock(&row, read.as_ref()).await? {"#,
    },
    Mutation {
        breaks: "a version conflict counts as saved",
        file: "processors/src/save.rs",
        find: "                Saved::Done => return Ok(outcome),\n",
        replace: r#"                Saved::Done => return Ok(outcome),
                Saved::Conflict(_) if conflicts == 0 => return Ok(outcome),
"#,
    },
    Mutation {
        breaks: "after a version conflict the events are counted twice, under new ids",
        file: "processors/src/save.rs",
        find: "            let mut outcome = merge(&mut row, &arrivals);\n",
        replace: r#"            let again: Vec<Event> = arrivals
                .iter()
                .filter(|_| conflicts > 0)
                .filter_map(|arrival| {
                    let text = arrival.event.canonical();
                    let text = text.replacen("\"event_id\":\"", "\"event_id\":\"2-", 1);
                    let at = domain::Acceptance::at(arrival.event.occurred_at());
                    Event::parse(&text, &at).ok()
                })
                .collect();
            again.into_iter().for_each(|event| drop(row.absorb(event)));
            let mut outcome = merge(&mut row, &arrivals);
"#,
    },
    Mutation {
        breaks: "a row that is split leaves its events behind",
        file: "processors/src/save.rs",
        find: "outcome.saved += self.split(&row).await?;",
        replace: "outcome.saved += self.split(&StockWindow::new(key.clone())).await?;",
    },
    Mutation {
        breaks: "whether a row is split depends on who was faster",
        file: "processors/src/save.rs",
        find: "if row.len() > self.row_events_max {",
        replace: "if row.len() > self.row_events_max && conflicts == 0 {",
    },
    Mutation {
        breaks: "of two contents the last to come stays",
        file: "domain/src/stock.rs",
        find: "let replaced = event.canonical() < known.get().canonical();",
        replace: "let replaced = true;",
    },
    Mutation {
        breaks: "of two contents the one that goes is not kept",
        file: "processors/src/save.rs",
        find: "outcome.refused.push(conflict.quarantined());",
        replace: "drop(conflict.quarantined());",
    },
    Mutation {
        breaks: "the continuations of a row are not read",
        file: "domain/src/stock.rs",
        find: "                row.events().for_each(|event| {\n",
        replace: "                row.events().take(1).for_each(|event| {\n",
    },
    Mutation {
        breaks: "a row's instants lose their milliseconds",
        file: "domain/src/stock/packed.rs",
        find: "u32::try_from(offset.num_milliseconds())",
        replace: "u32::try_from(offset.num_seconds() * 1000)",
    },
    Mutation {
        breaks: "a count is placed by its id, not by its instant",
        file: "domain/src/stock/figures.rs",
        find: "events.sort_by_key(|event| (event.occurred_at(), event.event_id()));",
        replace: "events.sort_by_key(|event| event.event_id());",
    },
    Mutation {
        breaks: "a correction voids nothing",
        file: "domain/src/stock/figures.rs",
        find: "is_correction || !voids.contains(",
        replace: "is_correction || !is_correction || !voids.contains(",
    },
    Mutation {
        breaks: "the shelf is taken to show the first offer of the day",
        file: "pricing/src/inputs.rs",
        find: "        let latest = chain.last();\n",
        replace: "        let latest = chain.first();\n",
    },
    Mutation {
        breaks: "a price goes below its floor",
        file: "pricing/src/ladder.rs",
        find: "rules.min_price.is_none_or(|floor| price >= floor)",
        replace: "rules.min_price.is_none_or(|floor| price >= floor / Decimal::TEN)",
    },
    Mutation {
        breaks: "a price changes again too soon",
        file: "pricing/src/inputs.rs",
        find: "since: latest.map(|offer| self.wall(offer.slot)),",
        replace: "since: None,",
    },
    Mutation {
        breaks: "a slot that has an offer is decided again",
        file: "pricing/src/afternoon.rs",
        find: "is_some_and(|decided_for| decided_for >= self.slot)",
        replace: "is_some_and(|decided_for| decided_for > self.slot)",
    },
    Mutation {
        breaks: "a pass prices by the moment at which it comes, not by its slot",
        file: "pricing/src/pass.rs",
        find: "            let slot = slot_of(due);\n",
        replace: "            let slot = due;\n",
    },
    Mutation {
        breaks: "a pass that comes when its slot is over still decides it",
        file: "pricing/src/pass.rs",
        find: "if now >= slot + TimeDelta::minutes(SLOT_MINUTES.into()) {",
        replace: "if now >= slot + TimeDelta::days(1) {",
    },
    Mutation {
        breaks: "the control group gets the optimiser's prices",
        file: "pricing/src/arm.rs",
        find: "Some(by_rule(experiment, (store, day, slot), situation, decision))",
        replace: "None",
    },
    Mutation {
        breaks: "prices change although the tills are in doubt",
        file: "pricing/src/afternoon.rs",
        find: "self.store.policy.on_doubt == OnDoubt::Withhold",
        replace: "self.store.policy.on_doubt == OnDoubt::Withhold && self.items.is_empty()",
    },
    Mutation {
        breaks: "an offer keeps an answer that its request does not give",
        file: "pricing/src/afternoon.rs",
        find: "let answer = contract::answer(&read, &decision);",
        replace: "let answer = contract::answer(&read, &decision) + \" \";",
    },
    Mutation {
        breaks: "a day that was closed is not closed again with a late event",
        file: "processors/src/close.rs",
        find: "if stored == Some(day) {",
        replace: "if stored.is_some() {",
    },
    Mutation {
        breaks: "a history is not folded again when a day of it changes",
        file: "processors/src/histories.rs",
        find: "let history = if fold.is_current(&item.sku, known.as_ref()) {",
        replace: "let history = if known.is_some() {",
    },
    Mutation {
        breaks: "a store is priced before its afternoon",
        file: "domain/src/catalog/store.rs",
        find: "(now >= starts_at).then_some(day)",
        replace: "(now >= starts_at - TimeDelta::hours(1)).then_some(day)",
    },
];
