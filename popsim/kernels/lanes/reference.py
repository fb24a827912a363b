"""The simulation of one cell, slow and obvious: what the compiled kernel is tested against.

For each draw the baseline and all packages are stepped side by side. The baseline's births
are those of its fertility rates times the draw's luck; they are split over parity by
conditional rates, scaled at each age of mother so that they add up. A package multiplies the
scaled rates of the baseline *of the same draw* and meets women of its own: those who have
borne earlier are missing.

:mod:`popsim.kernels.lanes.inputs` names the arrays.
"""

from __future__ import annotations

import numpy as np

from popsim.kernels.lanes.inputs import (
    BEARING_AGES,
    BY_ORDER,
    CHILD_AGES,
    COMPLETED_AGE,
    FIRST_COME,
    Demography,
    EveryAge,
    Policy,
    Summary,
)
from popsim.kernels.step.cohort import CLOSED, COUNTS, NEGLIGIBLE, RATES
from popsim.kernels.step.parity_reference import at_other_ages, in_proportion, split
from popsim.kernels.step.reference import lift_from_below_zero

#: The order that women of each parity bear.
ORDER_OF = (0, 1, 2, 2)


def simulate(
    demography: Demography,
    policy: Policy,
    borders: np.ndarray,
    child_borders: np.ndarray,
    summary: Summary,
    every: EveryAge,
) -> None:
    """Fill ``summary`` and, where it has cells, ``every``; one cell after the other."""
    for cell in range(summary.births.shape[1]):
        Cell(demography, policy, borders, child_borders, summary, every, cell).run()


class Cell:
    """One region and draw: the states of all scenarios, moved year by year."""

    def __init__(self, demography, policy, borders, child_borders, summary, every, cell):
        self.d, self.p, self.out, self.every, self.cell = demography, policy, summary, every, cell
        self.borders, self.child_borders = borders, child_borders
        row = demography.population_index[cell]
        self.count = summary.births.shape[0]
        self.population = [demography.population[row].reshape(2, -1).copy()] * self.count
        self.women = [demography.women[demography.women_index[cell]].copy()] * self.count
        children = np.zeros((3, CHILD_AGES))
        children[:, : CHILD_AGES - 1] = demography.children[row][:, : CHILD_AGES - 1]
        self.children = [children] * self.count
        self.row = policy.row_index[cell]
        self.coverage_gain: list[list[float]] = [[] for _ in range(self.count)]
        self.care: list[list[float]] = [[] for _ in range(self.count)]
        self.share_paid = [np.ones(3) for _ in range(self.count)]

    def run(self) -> None:
        """Every year of every scenario."""
        for s in range(self.count):
            self.note_stocks(s, 0)
        for t in range(self.out.births.shape[2]):
            self.year(t)

    def year(self, t: int) -> None:
        """One year: the baseline first, since packages read its rates and its coverage."""
        d, c = self.d, self.cell
        coefficients = d.survival[d.survival_index[c], t]
        x = np.repeat(d.shift[c, t], coefficients.shape[1] // 2)
        powers = x[None, :] ** np.arange(len(coefficients))[:, None]
        survival = np.clip((coefficients * powers).sum(axis=0), 0.0, 1.0).reshape(2, -1)
        srb = d.srb[d.srb_index[c], t] * d.srb_factor[c, t]

        toddlers = [P[:, :3].sum() for P in self.population]
        covered = [
            min(self.p.used_places[s, self.row, t] / kids, 1.0) if kids > 0 else 0.0
            for s, kids in enumerate(toddlers)
        ]
        for s in range(self.count):
            self.out.coverage[s, c, t] = covered[s]

        by_band = np.zeros((3, 0))
        for s in range(self.count):
            if s == 0:
                wanted = d.fertility[d.fertility_index[c], t] * d.luck[c, t]
                shape = d.rates[d.rates_index[c], min(t, d.rates.shape[1] - 1)]
                end, women, base_rates, births, deaths, moved, altered, exposed = self.step(
                    s, t, survival, srb, shape, wanted
                )
                per_woman = np.divide(births, exposed, out=np.zeros_like(births), where=exposed > 0)
                bands = self.p.other.shape[4]
                by_band = np.array(
                    [[per_woman[o, self.p.band == b].sum() for b in range(bands)] for o in range(3)]
                )
            else:
                of_all = (
                    self.p.used_places[s, self.row, t] / toddlers[0] if toddlers[0] > 0 else 0.0
                )
                now = covered[s] if self.p.closed else min(of_all, 1.0)
                self.coverage_gain[s].append(now - covered[0])
                factor = self.factor(s, t, by_band)
                changed = base_rates * factor[list(ORDER_OF)][:, self.p.band]
                end, women, _, births, deaths, moved, altered, exposed = self.step(
                    s, t, survival, srb, changed, None
                )
            self.children[s] = self.children_after(s, births.sum(axis=1), end)
            self.population[s], self.women[s] = end, women
            self.note_flows(s, t, births, exposed, deaths, moved, altered)
            self.note_stocks(s, t + 1)
        for s in range(1, self.count):
            self.pay(s, t)

    def step(self, s, t, survival, srb, given, wanted):
        """One year of one scenario, births in two halves as in the parity step.

        Where births are ``wanted``, per woman by age, the ``given`` rates are scaled to them.
        """
        d, P, N = self.d, self.population[s], self.women[s]
        asked = self.migrants(P, t)
        moved = asked if d.mode == CLOSED else np.where(P + asked <= 0, NEGLIGIBLE - P, asked)
        exposed = P + moved / 2
        reaching = np.zeros_like(P)
        reaching[:, 1:] = exposed[:, :-1]
        reaching[:, -1] += exposed[:, -1]
        deaths = (1 - survival) * reaching
        end = reaching - deaths + moved / 2

        ages = P.shape[1]
        start = np.array([split(exposed[0, a], N[:, a]) for a in range(ages)]).T
        women, births, rates = np.zeros_like(N), np.zeros((3, ages)), np.zeros_like(N)
        mothers = np.zeros(4)  # of the first half, at the age before
        if wanted is not None:
            asked_births = wanted * (exposed[0] + end[0]) / 2
            in_all = at_other_ages(asked_births, exposed[0], end[0], range(d.first, d.last))
            reordered, lost = 0.0, asked_births.sum() - in_all.sum()
            displaced = np.maximum(asked_births - in_all, 0.0).sum() - lost
        for a in range(1, ages):
            not_yet, borne = start[:, a - 1] - mothers, mothers
            if a == ages - 1:
                not_yet = not_yet + start[:, a]
            everybody = not_yet.sum() + borne.sum()
            ratio = max(end[0, a], 0.0) / everybody if everybody > 0 else 0.0
            not_yet, borne = ratio * not_yet, ratio * borne
            if d.first <= a < d.last:
                rates[:, a] = given[:, a]
                if wanted is not None:
                    may_bear = (start[:, a] + not_yet) / 2
                    rates[:, a] = in_proportion(given[:, a], may_bear, in_all[a], d.ceiling)
                    made = self.by_order(rates[:, a] * may_bear)
                    mix = self.by_order(given[:, a] * may_bear)
                    lost += in_all[a] - made.sum()
                    # Where nobody has a rate, all births are borne by others.
                    mix = mix / mix.sum() * made.sum() if mix.sum() > 0 else -made
                    reordered += np.abs(made - mix).sum() / 2
            half = np.minimum(rates[:, a], 1.0) / 2
            first, second = half * start[:, a], half * not_yet
            for k in range(4):
                births[ORDER_OF[k], a] += first[k] + second[k]
                women[k, a] += not_yet[k] - second[k]
                women[min(k + 1, 3), a] += borne[k] + second[k]
            mothers = first

        girls = births.sum() / (1 + srb)
        born = np.array([girls, births.sum() - girls])
        deaths[:, 0] = (1 - survival[:, 0]) * born
        end[:, 0] = born - deaths[:, 0] + moved[:, 0] / 2
        exposure = (exposed[0] + end[0]) / 2
        end, lift = lift_from_below_zero(end, d.mode)
        moved = moved + lift
        emptied = ((P + asked <= 0) & (asked < 0)) | (lift > 0)
        if wanted is not None:
            self.out.moved[self.cell, t] = reordered, displaced, lost
        women = np.array([split(end[0, a], women[:, a]) for a in range(ages)]).T
        altered = (moved - asked, lift, int(emptied.sum()))
        return end, women, rates, births, deaths, moved, altered, exposure

    @staticmethod
    def by_order(births: np.ndarray) -> np.ndarray:
        """Births by parity of the mother as births by order."""
        return np.array([births[0], births[1], births[2] + births[3]])

    def migrants(self, P: np.ndarray, t: int) -> np.ndarray:
        """Net migrants of the year (sex, age) before the guard."""
        d, c = self.d, self.cell
        if d.mode == CLOSED:
            return np.zeros_like(P)
        given = d.migration[d.migration_index[c], t]
        given = given + d.migration_shift[c, t] * d.mobility[d.population_index[c]]
        if d.mode == COUNTS:
            return given.reshape(P.shape)
        if d.mode == RATES:
            return given.reshape(P.shape) * P
        return given[0] * P / P.sum() if P.sum() > 0 else np.zeros_like(P)

    def factor(self, s: int, t: int, by_band: np.ndarray) -> np.ndarray:
        """What the package multiplies conditional rates by (order, band)."""
        p, k, r = self.p, s - 1, self.row
        gain = self.coverage_gain[s]
        before = gain[t - 1] if t > 0 else 0.0
        lag, quantum, timing = p.lag[k, r], p.care_quantum[k, r], p.timing[k]
        effect = p.care_effect[k, r] * ((1 - lag) * gain[t] + lag * before)
        self.care[s].append(effect)
        steps = np.diff(self.care[s], prepend=0.0)
        moved = sum(timing[u] * steps[t - u] for u in range(min(t + 1, len(timing))))
        care = quantum * effect + (1 - quantum) * moved
        paid = p.paid[k, r, t] * self.share_paid[s]
        total = paid[:, None] + p.other[k, r, t] + care
        alone = np.maximum(np.maximum(np.abs(paid)[:, None], p.strongest[k, r, t]), abs(care))
        size = np.abs(total)
        total = np.sign(total) * np.maximum(p.overlap[k, r] * size, np.minimum(size, alone))
        factor = np.exp(p.largest[k] * np.tanh(total / p.largest[k]))
        gained = (by_band * (factor - 1)).sum()
        if gained > p.largest_gain[k]:
            factor = 1 + (factor - 1) * p.largest_gain[k] / gained
        return factor

    def children_after(self, s: int, births: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Children by order at the end: each age's in the proportions that it had before."""
        moved = np.zeros((3, CHILD_AGES))
        moved[:, 0] = births
        moved[:, 1:] = self.children[s][:, :-1]
        total = end[:, :CHILD_AGES].sum(axis=0)
        for j in range(CHILD_AGES):
            some = moved[:, j].sum()
            moved[:, j] = moved[:, j] * (total[j] / some) if some > 0 else [total[j], 0.0, 0.0]
        return moved

    def pay(self, s: int, t: int) -> None:
        """Costs of the year, what the cap leaves unpaid, and the share that families were paid."""
        p, c, package = self.p, self.cell, s - 1
        reach = p.reach[package, :, self.row][:, None, None]
        due = reach * p.pay[package, :, t] * self.children[s]  # instrument, order, child age
        anyway = reach * p.pay[package, :, t] * self.children[0]
        capped = p.capped[package][:, None, None]
        cap = p.cap[package, t]
        share = np.ones((3, CHILD_AGES))
        wanted = (capped * due).sum(axis=0)
        if wanted.sum() > cap:
            left = cap
            if p.rule[package] == BY_ORDER:
                for o in (2, 1, 0):
                    need = wanted[o].sum()
                    share[o] = min(left / need, 1.0) if need > 0 else 1.0
                    left -= min(left, need)
            elif p.rule[package] == FIRST_COME:
                for j in range(CHILD_AGES - 1, -1, -1):
                    need = wanted[:, j].sum()
                    share[:, j] = min(left / need, 1.0) if need > 0 else 1.0
                    left -= min(left, need)
            else:
                share[:] = cap / wanted.sum()
        self.share_paid[s] = share[:, 0].copy()
        share = np.where(capped > 0, share, 1.0)
        self.out.cost[package, c, t] = (share * due).sum(axis=2)
        self.out.deadweight[package, c, t] = (share * anyway).sum(axis=(1, 2))
        self.out.shortfall[package, c, t] = ((1 - share) * due).sum()

    def note_stocks(self, s: int, t: int) -> None:
        """Write what stands at an instant."""
        out, c, P, N = self.out, self.cell, self.population[s], self.women[s]
        for g in range(len(self.borders) - 1):
            out.population[s, c, t, :, g] = P[:, self.borders[g] : self.borders[g + 1]].sum(axis=1)
        for g in range(len(self.child_borders) - 1):
            ages = slice(self.child_borders[g], self.child_borders[g + 1])
            out.children[s, c, t, :, g] = self.children[s][:, ages].sum(axis=1)
        out.women[s, c, t] = N[:, BEARING_AGES[0] : BEARING_AGES[1]].sum(axis=1)
        out.completed[s, c, t] = N[:, COMPLETED_AGE]
        out.final[s, c] = P.reshape(-1)
        if self.every.population.shape[1]:
            self.every.population[s, c, t] = P.reshape(-1)
            self.every.women[s, c, t] = N

    def note_flows(self, s, t, births, exposed, deaths, moved, altered) -> None:
        """Write what flowed in the year."""
        out, c = self.out, self.cell
        adjustment, lift, count = altered
        out.births[s, c, t] = births.sum(axis=1)
        some = exposed > 0
        out.fertility[s, c, t] = (births.sum(axis=0)[some] / exposed[some]).sum()
        out.deaths[s, c, t] = deaths.sum(axis=1)
        out.migration[s, c, t] = moved.sum(axis=1)
        out.adjustment[s, c, t] = adjustment.sum(axis=1)
        out.lift[s, c, t] = lift.sum(axis=1)
        out.altered[s, c, t] = count
        if self.every.births.shape[1]:
            self.every.births[s, c, t] = births
            self.every.deaths[s, c, t] = deaths.reshape(-1)
            self.every.migration[s, c, t] = moved.reshape(-1)
            self.every.adjustment[s, c, t] = adjustment.reshape(-1)
            self.every.lift[s, c, t] = lift.reshape(-1)
