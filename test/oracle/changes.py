"""Are entries and exits recorded at their exact instants?"""

import collections
import copy
import random

from cases import text_of_rule
from world import PROMPT, interesting, sessions_of, text_of


class Changes:
    """What driver.Run knows of cdp.segment_change."""

    def check_changes(self, step, taken, before, changes, piece):
        """Are entries and exits of the step recorded at their exact instants? So many of the messages were taken before the others."""
        last_clock = self.last_clock
        effects, special, events = collections.defaultdict(set), {}, collections.defaultdict(set)
        first_piece = {}  # the latest effect in it
        for number, (message, result) in enumerate(taken):
            if result is None:
                continue
            person, ts, behind, is_special = result
            person = person.present()
            is_late = message.received - ts > PROMPT
            effect = message.received if is_late else ts
            if number < piece:
                first_piece[person] = max([first_piece.get(person, effect), effect, *behind])
            elif effect < first_piece.get(person, effect):  # comes behind what was evaluated, if any rule asked
                effects[person].add(effect)
                effect, is_late = first_piece[person], True
            effects[person] |= {effect} | behind
            events[person] |= {ts} | behind
            if is_special or is_late:
                special[person] = max(special.get(person, last_clock), effect)
        rows = collections.defaultdict(list)
        for number, name, change, us, reason, recorded in changes:
            rows[int(number), name].append((change == 'entered', int(us), reason, int(recorded)))
        for person in self.people:
            # What happened before the person was evaluated takes effect then.
            evaluated = before['evaluated'].get(str(person.number))
            if evaluated is not None:
                effects[person] |= {max(effect, int(evaluated)) for effect in effects[person]}
            exact_after = special.get(person, last_clock)
            for name, rule in self.segments.items():
                was = person.number in map(int, before['members'].get(name, []))
                fault = self.fault_of(step, person, rule, was, rows[person.number, name], exact_after, effects[person], events[person])
                self.compared['change'] += 1
                if fault:
                    self.tell('change', fault=fault, segment=name, rule=text_of_rule(rule), person=f'{person.number} {sorted(person.ids)}',
                              clock=f'{text_of(last_clock)} to {text_of(step.clock)}', was_member=was, exact_after=text_of(exact_after),
                              rows=[('entered' if entered else 'exited', text_of(us), reason, text_of(recorded)) for entered, us, reason, recorded in rows[person.number, name]],
                              events=[(text_of(event.ts), event.name) for event in person.events if last_clock < event.ts <= step.clock],
                              effects=sorted(map(text_of, effects[person])))

    def fault_of(self, step, person, rule, was, rows, exact_after, effects, events):
        """What is wrong with the rows of a person and a segment, if anything."""
        member, latest = was, min([self.last_clock, *effects])
        for entered, us, reason, recorded in rows:
            if entered == member:
                return 'entries and exits do not alternate'
            if us < latest:
                return f'{text_of(us)} comes after {text_of(latest)}'
            if us > step.clock or recorded != step.clock:
                return f'recorded at {text_of(recorded)}, effective {text_of(us)}, by the clock {text_of(step.clock)}'
            member, latest = entered, us
            if reason in ('event', 'trait', 'merge', 'correction') and us not in effects:
                return f'{reason} at {text_of(us)}, where nothing took effect'
            if us > exact_after:
                if reason == 'time':
                    without = copy.copy(person)
                    without.events = [event for event in person.events if event.ts != us]
                    without.sessions = sessions_of(without.events)
                    if self.truth(rule, without, us) != entered or self.truth(rule, person, us - 1) == entered:
                        return f'time did not change it at {text_of(us)}: {self.truth(rule, person, us - 1)} a microsecond before'
                elif reason != 'event' or us not in events:
                    return f'{reason} at {text_of(us)}'

        def recorded_at(us):
            return ([was] + [entered for entered, effective, _, _ in rows if effective <= us])[-1]

        rng = random.Random(f'{self.case.seed} {self.step_no}')
        instants = {us + away for us in events.union(effective for _, effective, _, _ in rows) for away in (-1, 0)}
        instants |= {interesting(rng, self.case.messages) for _ in range(4)} | {step.clock}
        if step.clock > exact_after:
            instants.add(rng.randrange(exact_after + 1, step.clock + 1))
        for us in sorted(instants):
            if (exact_after < us or us == step.clock) and us <= step.clock and self.truth(rule, person, us) != recorded_at(us):
                return f'at {text_of(us)} it is {self.truth(rule, person, us)}, recorded as {recorded_at(us)}'
        return None
