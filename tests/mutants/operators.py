"""What Cosmic Ray leaves alone and this project mostly says: tables of who may do what and which step follows which, and acts."""

from collections.abc import Iterator

import parso
from cosmic_ray.operators.operator import Operator
from parso.python.tree import Keyword
from parso.python.tree import Operator as Sign


class OurOwn(Operator):
    """An operator that lists the places of one node, and changes the one asked for."""

    @classmethod
    def examples(cls):
        return ()

    def mutation_positions(self, node) -> Iterator[tuple]:
        return ((place[0].start_pos, place[-1].end_pos) for place in self.places(node))


class DropElement(OurOwn):
    """One element less in a tuple, list, set, dictionary or call of several."""

    def places(self, node) -> list[list]:
        if node.type not in ("testlist_comp", "dictorsetmaker", "arglist") or node.children[-1].type.endswith("comp_for"):
            return []
        elements: list[list] = [[]]
        for child in node.children:
            if child == ",":
                elements.append([])
            else:
                elements[-1].append(child)
        return [element for element in elements if element]

    def mutate(self, node, index):
        kept = self.places(node)
        kept.pop(index)
        node.children = [child for element in kept for child in (*element, Sign(",", element[-1].end_pos))]
        return node


class DropStatement(OurOwn):
    """No call for its effect, no value put into a row, no refusal."""

    def places(self, node) -> list[list]:
        if node.type != "simple_stmt":
            return []
        act = node.children[0]
        is_act = act.type in ("atom_expr", "raise_stmt", "del_stmt") or act.type == "expr_stmt" and act.children[0].type != "name"
        return [[act]] if is_act else []

    def mutate(self, node, index):
        node.children[0] = Keyword("pass", node.start_pos, node.get_first_leaf().prefix)
        return node


class TurnMembership(OurOwn):
    """``in`` to ``not in``, and back."""

    def places(self, node) -> list[list]:
        return [[sign] for sign in node.children[1::2] if sign.get_code().split()[-1] == "in"] if node.type == "comparison" else []

    def mutate(self, node, index):
        (sign,) = self.places(node)[index]
        node.children[node.children.index(sign)] = parso.parse(" not in" if sign == "in" else " in")
        return node


OURS = {operator.__name__: operator for operator in (DropElement, DropStatement, TurnMembership)}
