"""The search's inner loops, compiled: boundary flips and recombinations under annealing, grids connected throughout.

A flip gives one unit to the grid next to it; a recombination melts two neighbouring grids, draws a random spanning tree
of their units and cuts it where the loads come out best (DeFord, Duchin and Solomon, "Recombination", 2021). Both are
taken or left by the change of one weighted cost (Metropolis). A grid that loses a unit is walked through before: what
would fall into pieces is never taken.

Arrays of a state: `load`, `ground`, `rim` (float64) and `count` (int64) of each grid; `fig[0]` walls inside grids,
`fig[1]` weight away from home. `want` holds the weights of the cost: balance, band, compactness, change, crossings.
"""

from __future__ import annotations

import numpy as np
from numba import njit

FOUR_PI = 4 * np.pi
BALANCE, BAND, COMPACT, CHANGE, CROSS, BREADTH = range(6)


@njit(cache=True, nogil=True)
def tally(at, to, shared, wall, weight, area, rim, stay, home, assign, k):  # type: ignore[no-untyped-def]
    """The state of an assignment: load, ground, rim, count and the two figures."""
    load, ground, edge = np.zeros(k), np.zeros(k), np.zeros(k)
    count, fig = np.zeros(k, np.int64), np.zeros(2)
    for u in range(len(assign)):
        a = assign[u]
        load[a] += weight[u]
        ground[a] += area[u]
        edge[a] += rim[u]
        count[a] += 1
        if home[u] >= 0 and home[u] != a:
            fig[1] += stay[u]
        for e in range(at[u], at[u + 1]):
            if assign[to[e]] == a:
                edge[a] -= shared[e]
                if wall[e] and u < to[e]:
                    fig[0] += 1
    return load, ground, edge, count, fig


@njit(cache=True, nogil=True)
def grid_cost(load, target, ground, edge, want):  # type: ignore[no-untyped-def]
    """What one grid costs: how far its load is off, dearly beyond the band, and how ragged its outline is."""
    off = abs(load / target - 1.0)
    cost = want[BALANCE] * off * off
    if off > want[BAND]:
        over = off - want[BAND]
        cost += 2.0 * over + 30.0 * over * over
    return cost + want[COMPACT] * (1.0 - FOUR_PI * ground / (edge * edge))


@njit(cache=True, nogil=True)
def total_cost(load, target, ground, edge, fig, want):  # type: ignore[no-untyped-def]
    """The cost of a state."""
    cost = want[CHANGE] * fig[1] + want[CROSS] * fig[0]
    for k in range(len(load)):
        cost += grid_cost(load[k], target[k], ground[k], edge[k], want)
    return cost


@njit(cache=True, nogil=True)
def holds(at, to, link, assign, u, seen, stack, stamp):  # type: ignore[no-untyped-def]
    """Whether u's grid stays in one piece without it; `seen` is marked with `stamp`, which must be new."""
    a, need, first = assign[u], 0, -1
    for e in range(at[u], at[u + 1]):
        if link[e] and assign[to[e]] == a:
            need += 1
            first = to[e]
    if need == 0:
        return False
    if need == 1:
        return True
    for e in range(at[u], at[u + 1]):
        if link[e] and assign[to[e]] == a:
            seen[to[e]] = -stamp  # sought, not yet reached
    seen[u] = stamp
    stack[0], top, found = first, 1, 1
    seen[first] = stamp
    while top:
        top -= 1
        x = stack[top]
        for e in range(at[x], at[x + 1]):
            y = to[e]
            if link[e] and assign[y] == a and seen[y] != stamp:
                if seen[y] == -stamp:
                    found += 1
                    if found == need:
                        return True
                seen[y] = stamp
                stack[top] = y
                top += 1
    return False


@njit(cache=True, nogil=True)
def _flip_cost(at, to, shared, wall, weight, area, rim, stay, home, assign, target, state, want, u, b):  # type: ignore[no-untyped-def]
    """Change of cost when u goes to b, and what its links become: lengths towards both grids, walls in and out."""
    load, ground, edge, _, _ = state
    a = assign[u]
    to_a = to_b = 0.0
    walls = 0
    for e in range(at[u], at[u + 1]):
        g = assign[to[e]]
        if g == a:
            to_a += shared[e]
            if wall[e]:
                walls -= 1
        elif g == b:
            to_b += shared[e]
            if wall[e]:
                walls += 1
    edge_a, edge_b = edge[a] - rim[u] + 2 * to_a, edge[b] + rim[u] - 2 * to_b
    delta = want[CROSS] * walls
    moved = 0.0
    if home[u] >= 0:
        moved = (stay[u] if home[u] != b else 0.0) - (stay[u] if home[u] != a else 0.0)
    delta += want[CHANGE] * moved
    delta += grid_cost(load[a] - weight[u], target[a], ground[a] - area[u], edge_a, want)
    delta -= grid_cost(load[a], target[a], ground[a], edge[a], want)
    delta += grid_cost(load[b] + weight[u], target[b], ground[b] + area[u], edge_b, want)
    delta -= grid_cost(load[b], target[b], ground[b], edge[b], want)
    return delta, edge_a, edge_b, walls, moved


@njit(cache=True, nogil=True)
def _flip(weight, area, assign, state, u, b, edge_a, edge_b, walls, moved):  # type: ignore[no-untyped-def]
    load, ground, edge, count, fig = state
    a = assign[u]
    load[a] -= weight[u]
    load[b] += weight[u]
    ground[a] -= area[u]
    ground[b] += area[u]
    edge[a], edge[b] = edge_a, edge_b
    count[a] -= 1
    count[b] += 1
    fig[0] += walls
    fig[1] += moved
    assign[u] = b


@njit(cache=True, nogil=True)
def tree_of(at, to, link, wall, home, keep, inside, members):  # type: ignore[no-untyped-def]
    """A random spanning tree of `members` (those with `inside` set): order of visit and each one's parent's place.

    Prim's walk over random weights; links along barriers and today's borders are heavier, so cuts fall on them. Fewer
    than all come back when the members are not connected.
    """
    n = len(members)
    order, parent = np.empty(n, np.int64), np.full(n, -1, np.int64)
    best, via = np.full(n, np.inf), np.full(n, -1, np.int64)
    place = np.zeros(len(inside), np.int64)
    for m in range(n):
        place[members[m]] = m
    done = np.zeros(n, np.bool_)
    best[np.random.randint(n)] = 0.0
    for step in range(n):
        chosen, least = -1, np.inf
        for m in range(n):
            if not done[m] and best[m] < least:
                chosen, least = m, best[m]
        if chosen < 0:
            return order[:step], parent[:step]
        done[chosen] = True
        order[step], parent[step] = members[chosen], via[chosen]
        u = members[chosen]
        for e in range(at[u], at[u + 1]):
            v = to[e]
            if link[e] and inside[v] and not done[place[v]]:
                heavy = np.random.random()
                if wall[e]:
                    heavy += 1.0
                if home[u] != home[v]:
                    heavy += keep
                if heavy < best[place[v]]:
                    best[place[v]], via[place[v]] = heavy, step
    return order, parent


@njit(cache=True, nogil=True)
def _subtrees(order, parent, weight):  # type: ignore[no-untyped-def]
    sums = np.empty(len(order))
    for m in range(len(order)):
        sums[m] = weight[order[m]]
    for m in range(len(order) - 1, 0, -1):
        sums[parent[m]] += sums[m]
    return sums


@njit(cache=True, nogil=True)
def _below(parent, cut):  # type: ignore[no-untyped-def]
    """Which places of a tree hang below `cut`, itself with them."""
    under = np.zeros(len(parent), np.bool_)
    under[cut] = True
    for m in range(cut + 1, len(parent)):
        if parent[m] >= cut and under[parent[m]]:
            under[m] = True
    return under


@njit(cache=True, nogil=True)
def carve(at, to, link, wall, home, weight, keep, members, share, least, rest, tries, seed):  # type: ignore[no-untyped-def]
    """Cut connected members in two: about `share` of the weight with `least` units or more, `rest` or more left.

    Answers whether each member is on the first side; none is, when no tree could be cut so.
    """
    np.random.seed(seed)
    inside = np.zeros(len(weight), np.bool_)
    total = 0.0
    for u in members:
        inside[u] = True
        total += weight[u]
    taken, fairest = np.zeros(len(weight), np.bool_), np.inf
    for _ in range(tries):
        order, parent = tree_of(at, to, link, wall, home, keep, inside, members)
        n = len(order)
        if n < len(members):
            break
        sums, sizes = _subtrees(order, parent, weight), np.ones(n)
        for m in range(n - 1, 0, -1):
            sizes[parent[m]] += sizes[m]
        cut, flipped = -1, False
        for m in range(1, n):
            if sizes[m] >= least and n - sizes[m] >= rest and abs(sums[m] - share * total) < fairest:
                fairest, cut, flipped = abs(sums[m] - share * total), m, False
            if sizes[m] >= rest and n - sizes[m] >= least and abs(total - sums[m] - share * total) < fairest:
                fairest, cut, flipped = abs(total - sums[m] - share * total), m, True
        if cut > 0:
            under = _below(parent, cut)
            for m in range(n):
                taken[order[m]] = under[m] != flipped
    first = np.zeros(len(members), np.bool_)
    for m in range(len(members)):
        first[m] = taken[members[m]]
    return first


@njit(cache=True, nogil=True)
def _recombine(  # type: ignore[no-untyped-def]
    at, to, shared, link, wall, weight, area, rim, stay, home, pin, assign, target, state, want, keep, hot,
        a, b
):  # fmt: skip
    """Melt a and b and cut them anew; answers the change of cost, 0 when it was left as it was."""
    load, ground, edge, count, fig = state
    n = count[a] + count[b]
    members, m = np.empty(n, np.int64), 0
    inside = np.zeros(len(assign), np.bool_)
    pins_a = pins_b = 0
    for u in range(len(assign)):
        if assign[u] == a or assign[u] == b:
            members[m] = u
            inside[u] = True
            m += 1
            if pin[u] == a:
                pins_a += 1
            elif pin[u] == b:
                pins_b += 1
    order, parent = tree_of(at, to, link, wall, home, keep, inside, members)
    if len(order) < n:
        return 0.0
    sums = _subtrees(order, parent, weight)
    had_a, had_b = np.zeros(n), np.zeros(n)
    for m in range(n):
        if pin[order[m]] == a:
            had_a[m] = 1
        elif pin[order[m]] == b:
            had_b[m] = 1
    for m in range(n - 1, 0, -1):
        had_a[parent[m]] += had_a[m]
        had_b[parent[m]] += had_b[m]
    total = load[a] + load[b]
    cut, swap, least = -1, False, np.inf
    for m in range(1, n):
        for turned in range(2):
            below, above = (sums[m], total - sums[m]) if turned == 0 else (total - sums[m], sums[m])
            want_a, want_b = (pins_a, 0) if turned == 0 else (0, pins_b)
            if turned == 0 and (had_a[m] != want_a or had_b[m] != want_b):
                continue
            if turned == 1 and (had_b[m] != want_b or had_a[m] != want_a):
                continue
            off = max(abs(below / target[a] - 1), abs(above / target[b] - 1))
            # Cuts within the band are as good as one another here: the whole cost judges between them.
            score = max(off, want[BAND]) + 0.02 * np.random.random()
            if score < least:
                cut, swap, least = m, turned == 1, score
    if cut < 0:
        return 0.0
    under = _below(parent, cut)
    side = np.zeros(n, np.bool_)  # goes to a
    for m in range(n):
        side[m] = under[m] != swap
    # Which half is to be called a: by what stays where it was, where pins leave the choice.
    if pins_a == 0 and pins_b == 0 and target[a] == target[b]:
        stays = 0.0
        for m in range(n):
            u = order[m]
            h = home[u]
            if h == a or h == b:
                stays += stay[u] if (h == a) == side[m] else -stay[u]
        if stays < 0:
            for m in range(n):
                side[m] = not side[m]
    before = grid_cost(load[a], target[a], ground[a], edge[a], want)
    before += grid_cost(load[b], target[b], ground[b], edge[b], want)
    old = np.empty(n, assign.dtype)
    new_load, new_ground, new_edge, new_count = np.zeros(2), np.zeros(2), np.zeros(2), np.zeros(2, np.int64)
    walls = moved = 0.0
    for m in range(n):
        u = order[m]
        old[m] = assign[u]
        for e in range(at[u], at[u + 1]):
            if wall[e] and u < to[e] and assign[to[e]] == assign[u]:
                walls -= 1
        if home[u] >= 0 and home[u] != assign[u]:
            moved -= stay[u]
    for m in range(n):
        assign[order[m]] = a if side[m] else b
    for m in range(n):
        u = order[m]
        g = 0 if side[m] else 1
        new_load[g] += weight[u]
        new_ground[g] += area[u]
        new_edge[g] += rim[u]
        new_count[g] += 1
        for e in range(at[u], at[u + 1]):
            if assign[to[e]] == assign[u]:
                new_edge[g] -= shared[e]
                if wall[e] and u < to[e]:
                    walls += 1
        if home[u] >= 0 and home[u] != assign[u]:
            moved += stay[u]
    delta = grid_cost(new_load[0], target[a], new_ground[0], new_edge[0], want)
    delta += grid_cost(new_load[1], target[b], new_ground[1], new_edge[1], want)
    delta += want[CROSS] * walls + want[CHANGE] * moved - before
    if delta > 0 and np.random.random() >= np.exp(-delta / hot):
        for m in range(n):
            assign[order[m]] = old[m]
        return 0.0
    for g in range(2):
        k = a if g == 0 else b
        load[k], ground[k], edge[k], count[k] = new_load[g], new_ground[g], new_edge[g], new_count[g]
    fig[0] += walls
    fig[1] += moved
    return delta


@njit(cache=True, nogil=True)
def anneal(  # type: ignore[no-untyped-def]
    at, to, source, shared, link, wall, weight, area, rim, stay, home, pin, target, assign, want, keep,
    hot, cold, steps, melt, seed
):  # fmt: skip
    """`steps` proposals while the temperature falls from `hot` to `cold`; `assign` ends as the last state.

    `melt`: share of the proposals that are recombinations. Answers the best state seen and its cost.
    """
    np.random.seed(seed)
    n, k, links = len(assign), len(target), len(to)
    state = tally(at, to, shared, wall, weight, area, rim, stay, home, assign, k)
    load, ground, edge, count, fig = state
    cost = total_cost(load, target, ground, edge, fig, want)
    best, least = assign.copy(), cost
    if links == 0:
        return best, least
    seen, stack, stamp = np.zeros(n, np.int64), np.empty(n, np.int64), np.int64(0)
    fall = (cold / hot) ** (1.0 / max(1, steps))
    heat = hot
    for _ in range(steps):
        heat *= fall
        e = np.random.randint(links)
        u, b = source[e], assign[to[e]]
        a = assign[u]
        if a == b or not link[e]:
            continue
        if np.random.random() < melt:
            cost += _recombine(at, to, shared, link, wall, weight, area, rim, stay, home, pin, assign, target, state,
                               want, keep, heat, a, b)  # fmt: skip
        else:
            if pin[u] >= 0 or count[a] == 1:
                continue
            delta, edge_a, edge_b, walls, moved = _flip_cost(at, to, shared, wall, weight, area, rim, stay, home,
                                                             assign, target, state, want, u, b)  # fmt: skip
            if delta > 0 and np.random.random() >= np.exp(-delta / heat):
                continue
            stamp += 1
            if not holds(at, to, link, assign, u, seen, stack, stamp):
                continue
            _flip(weight, area, assign, state, u, b, edge_a, edge_b, walls, moved)
            cost += delta
        if cost < least - 1e-12:
            least = cost
            best[:] = assign
    return best, least


@njit(cache=True, nogil=True)
def exchange(  # type: ignore[no-untyped-def]
    at, to, source, shared, link, wall, weight, area, rim, stay, home, pin, target, assign, want,
      rounds, seed
):  # fmt: skip
    """Polish: single flips and pairs of them (one out, one back) that lower the cost, until none or `rounds`."""
    np.random.seed(seed)
    n, k, links = len(assign), len(target), len(to)
    state = tally(at, to, shared, wall, weight, area, rim, stay, home, assign, k)
    count = state[3]
    seen, stack, stamp = np.zeros(n, np.int64), np.empty(n, np.int64), np.int64(0)
    done = 0
    for _ in range(rounds):
        better = 0
        start = np.random.randint(max(1, links))
        for turn in range(links):
            e = (start + turn) % links
            u, b = source[e], assign[to[e]]
            a = assign[u]
            if a == b or not link[e] or pin[u] >= 0 or count[a] == 1:
                continue
            stamp += 1
            if not holds(at, to, link, assign, u, seen, stack, stamp):
                continue
            out, edge_a, edge_b, walls, moved = _flip_cost(at, to, shared, wall, weight, area, rim, stay, home,
                                                           assign, target, state, want, u, b)  # fmt: skip
            old_a, old_b = state[2][a], state[2][b]
            _flip(weight, area, assign, state, u, b, edge_a, edge_b, walls, moved)
            if out < -1e-9:
                better += 1
                continue
            # Something of b's that touches a comes back, the best of what there is along u's new border.
            pick, gain, go_b, go_a, go_w, go_m = -1, -1e-9, 0.0, 0.0, 0, 0.0
            for x in range(at[u], at[u + 1]):
                y = to[x]
                if assign[y] != a and assign[y] != b:
                    continue
                for f in range(at[y], at[y + 1]):
                    v = to[f]
                    if v == u or assign[v] != b or pin[v] >= 0:
                        continue
                    touches = False
                    for g in range(at[v], at[v + 1]):
                        if link[g] and assign[to[g]] == a:
                            touches = True
                            break
                    if not touches:
                        continue
                    back, eb, ea, w, m = _flip_cost(at, to, shared, wall, weight, area, rim, stay, home, assign,
                                                    target, state, want, v, a)  # fmt: skip
                    if out + back < gain:
                        stamp += 1
                        if holds(at, to, link, assign, v, seen, stack, stamp):
                            pick, gain, go_b, go_a, go_w, go_m = v, out + back, eb, ea, w, m
            if pick >= 0:
                _flip(weight, area, assign, state, pick, a, go_b, go_a, go_w, go_m)
                better += 1
            else:
                _flip(weight, area, assign, state, u, a, old_b, old_a, -walls, -moved)
        done += better
        if better == 0:
            break
    return done
