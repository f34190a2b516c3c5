//! Rotary positions: turns the first F pairs of each head, (i, i + F) or (2i, 2i + 1), and copies the rest.
//! POSITIONS: past + row, or given, [P, M], where S0, S1 and S2 pairs follow an axis each: one after the other
//! (sections; kept: of positions that last, [P, L], row m in column past + m), or in turns (interleaved).
//! op rope(x: f32[M,H*HD], table: f32[ceil(C/64)+64,F,2], positions?: u32[P,L]) -> y: f32[M,H*HD]
//! grid M * H
//! needs HD % 2 == 0 && 2 * F <= HD
//! args x, table, positions, y, step, M, L, H, HD, F, S0, S1, S2
//! entry rope
//#include "lib/simd.h"
//#include "lib/step.h"
//#include "lib/rope.h"
//#option FORM half|interleaved
//#if FORM == half
enum { PAIRS_IN_TURNS = 0 };
//#else
//: enum { PAIRS_IN_TURNS = 1 };
//#end
//#option POSITIONS past|sections|kept|interleaved
//#if POSITIONS == past
enum { PAST = 1, AXES_IN_TURNS = 0, KEPT = 0 };
//#elif POSITIONS == sections
//: enum { PAST = 0, AXES_IN_TURNS = 0, KEPT = 0 };
//#elif POSITIONS == kept
//: enum { PAST = 0, AXES_IN_TURNS = 0, KEPT = 1 };
//#else
//: enum { PAST = 0, AXES_IN_TURNS = 1, KEPT = 0 };
//#end

/// Turns pairs [from, to) of a head by a position.
ALONE void turn(const float *x, const float *table, float *y, int position, int from, int to, int F) {
  rope_pairs(x, y, turns_at(table, position, F), from, to, F, PAIRS_IN_TURNS);
}

void rope(const float *x, const float *table, const uint32_t *positions, float *y, const Step *step, int M, int L, int H,
          int HD, int F, int S0, int S1, int S2, int begin, int end) {
  for (int item = begin; item < end; item++) {
    const int m = item / H;
    const float *from = x + item * HD;
    float *to = y + item * HD;
    if (PAST) turn(from, table, to, (int)step->past + m, 0, F, F);
    else if (AXES_IN_TURNS)
      for (int i = 0; i < F; i++) {
        const int third = i % 3, axis = i < 3 * (third == 1 ? S1 : third == 2 ? S2 : 0) ? third : 0;
        turn(from, table, to, (int)positions[axis * M + m], i, i + 1, F);
      }
    else {
      // An axis without pairs may have no positions.
      const int ends[4] = {0, min_int(S0, F), min_int(S0 + S1, F), F};
      const int column = KEPT ? (int)step->past + m : m, stride = KEPT ? L : M;
      for (int axis = 0; axis < 3; axis++)
        if (ends[axis] < ends[axis + 1])
          turn(from, table, to, (int)positions[axis * stride + column], ends[axis], ends[axis + 1], F);
    }
    for (int d = 2 * F; d < HD; d++) to[d] = from[d];
  }
}
