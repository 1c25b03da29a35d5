"""What one seed says: a world, segments and rules; and rules as text and in parts."""

import collections
import json
import random
from fractions import Fraction

import evaluator
from rules import Rules
from world import State, chance, interesting, world


class Case:
    """What one seed says: steps, segments (when each is defined, perhaps edited), rules that are asked without being stored."""

    def __init__(self, seed):
        self.seed = seed
        self.steps = world(seed)
        rng = self.rng = random.Random(f'rules {seed}')
        state = State()
        messages = [message for step in self.steps for message in step.messages]
        for message in messages:
            state.take(message)
        people = state.people()
        for number, person in enumerate(people, 1):
            person.number = number
            person.settle()
        self.moments = [message.ts for message in messages]
        self.messages = messages
        self.segments, self.rules, self.defined = {}, [], collections.defaultdict(list)
        every = {}

        def draw(names):
            """A rule, mostly one that holds for some and not for others, now and then."""
            maker = Rules(rng, self.moments, names)
            for _ in range(8):
                rule = as_read(maker.rule(rng.choice([0, 0, 1, 2])))
                instants = [interesting(rng, messages) for _ in range(3)]
                truths = {evaluator.evaluate(rule, person, now, every) for person in people for now in instants}
                if len(truths) == 2 or chance(rng, 0.1):
                    break
            return rule

        for number in range(1, 9):
            name = f's{number}'
            rule = draw(list(every))
            every[name] = rule
            self.defined[0 if chance(rng, 0.75) else rng.randrange(len(self.steps))].append((name, rule))
            if chance(rng, 0.1):
                self.defined[rng.randrange(len(self.steps))].append((name, draw([other for other in every if other < name])))
        self.rules = [draw(list(every)) for _ in range(6)]
        self.instants = [[interesting(rng, messages) for _ in range(2)] for _ in self.steps]
        self.choices = [rng.random() for _ in self.steps]


def as_read(rule):
    return json.loads(json.dumps(rule), parse_int=Fraction, parse_float=Fraction)


def text_of_rule(rule):
    """JSON of a rule whose numbers are Fractions with few decimals."""
    if isinstance(rule, bool) or rule is None:
        return json.dumps(rule)
    if isinstance(rule, Fraction):
        if rule.denominator == 1:
            return str(rule.numerator)
        return f'{float(rule)!r}'
    if isinstance(rule, list):
        return '[' + ', '.join(map(text_of_rule, rule)) + ']'
    if isinstance(rule, dict):
        return '{' + ', '.join(f'{json.dumps(name)}: {text_of_rule(part)}' for name, part in rule.items()) + '}'
    return json.dumps(rule, ensure_ascii=False)


def conditions_of(rule):
    """The single conditions of a rule."""
    if isinstance(rule, bool):
        return []
    for name in ('and', 'or'):
        if name in rule:
            return [condition for part in rule[name] for condition in conditions_of(part)]
    return conditions_of(rule['not']) if 'not' in rule else [rule]


def lengths_of(rule):
    """All lengths of time that stand in a rule."""
    if isinstance(rule, list):
        return set().union(*map(lengths_of, rule))
    if isinstance(rule, dict):
        return set().union(*map(lengths_of, rule.values()))
    return {rule} if isinstance(rule, str) and rule.rstrip('s').endswith((' second', ' minute', ' hour', ' day', ' week')) and rule[0].isdigit() else set()
