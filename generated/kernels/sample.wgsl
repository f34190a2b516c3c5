const WG: u32 = 256u;
const V: u32 = 32000u;
struct Step {
  /// Tokens in this step.
  seq: u32,
  /// Tokens in the KV cache before it.
  past: u32,
  seed: u32,
  /// 0: all.
  top_k: u32,
  /// 1: all.
  top_p: f32,
  /// 0: greedy.
  temperature: f32,
  /// 0: don't write the next token.
  sample: u32,
  /// Of repetition; 1: none.
  penalty: f32,
}
@group(0) @binding(15) var<uniform> step: Step;

const LANES: u32 = WG;
alias Reduced = vec4<f32>;
var<workgroup> reduce_cells: array<Reduced, WG>;

// The shape with subgroups is told their size; here the name only fills its place in calls.
const subgroup_size: u32 = 1u;

fn reduce_add(value: Reduced, lane: u32, size: u32) -> Reduced {
  let i = lane % LANES;
  var total = value;
  reduce_cells[lane] = total;
  workgroupBarrier();
  {
    if (i < max(256u / 8u, 1u)) {
      {
        total += reduce_cells[lane + 1u * max(256u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 2u * max(256u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 3u * max(256u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 4u * max(256u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 5u * max(256u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 6u * max(256u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 7u * max(256u / 8u, 1u)];
      }
      reduce_cells[lane] = total;
    }
    workgroupBarrier();
  }
  {
    if (i < max(32u / 8u, 1u)) {
      {
        total += reduce_cells[lane + 1u * max(32u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 2u * max(32u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 3u * max(32u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 4u * max(32u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 5u * max(32u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 6u * max(32u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 7u * max(32u / 8u, 1u)];
      }
      reduce_cells[lane] = total;
    }
    workgroupBarrier();
  }
  {
    if (i < max(4u / 8u, 1u)) {
      {
        total += reduce_cells[lane + 1u * max(4u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 2u * max(4u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 3u * max(4u / 8u, 1u)];
      }
      reduce_cells[lane] = total;
    }
    workgroupBarrier();
  }
  total = reduce_cells[lane - i];
  workgroupBarrier();
  return total;
}

fn reduce_max(value: Reduced, lane: u32, size: u32) -> Reduced {
  let i = lane % LANES;
  var best = value;
  reduce_cells[lane] = best;
  workgroupBarrier();
  {
    if (i < max(256u / 8u, 1u)) {
      {
        best = max(best, reduce_cells[lane + 1u * max(256u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 2u * max(256u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 3u * max(256u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 4u * max(256u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 5u * max(256u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 6u * max(256u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 7u * max(256u / 8u, 1u)]);
      }
      reduce_cells[lane] = best;
    }
    workgroupBarrier();
  }
  {
    if (i < max(32u / 8u, 1u)) {
      {
        best = max(best, reduce_cells[lane + 1u * max(32u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 2u * max(32u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 3u * max(32u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 4u * max(32u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 5u * max(32u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 6u * max(32u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 7u * max(32u / 8u, 1u)]);
      }
      reduce_cells[lane] = best;
    }
    workgroupBarrier();
  }
  {
    if (i < max(4u / 8u, 1u)) {
      {
        best = max(best, reduce_cells[lane + 1u * max(4u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 2u * max(4u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 3u * max(4u / 8u, 1u)]);
      }
      reduce_cells[lane] = best;
    }
    workgroupBarrier();
  }
  best = reduce_cells[lane - i];
  workgroupBarrier();
  return best;
}



fn mix(value: vec4<u32>) -> vec4<u32> {
  var h = value;
  h = (h ^ (h >> vec4<u32>(16u))) * 0x7feb352du;
  h = (h ^ (h >> vec4<u32>(15u))) * 0x846ca68bu;
  return h ^ (h >> vec4<u32>(16u));
}

// -log(-log(u)), u = (n + 0.5) / 2^24 for the upper 24 bits n of the hash. WGSL bounds the error of log near 1
// only absolutely, and floats can't tell u from 1 there: the upper half counts from 1 down, with a series.
fn gumbel(hash: vec4<u32>) -> vec4<f32> {
  let n = hash >> vec4<u32>(8u);
  let u = (vec4<f32>(n) + 0.5) * 0x1p-24;
  let v = (vec4<f32>(0xffffffu - n) + 0.5) * 0x1p-24;
  let series = v * (1.0 + v * (0.5 + v * (1.0 / 3.0 + v * 0.25)));
  let inner = -log(select(u, 1.0 - v, n >= vec4<u32>(0x800000u)));
  return -log(select(inner, series, v < vec4<f32>(0.03125)));
}


// Logits are read four at a time, UNROLL times in flight.
const UNROLL: u32 = 4u;
const QUADS: u32 = (V + 3u) / 4u;
const TURNS: u32 = (QUADS + UNROLL * WG - 1u) / (UNROLL * WG);
// Turns of loops that are not unrolled: what a draw does to each logit is long (exp, log), and slow to compile.
const SHORT_TURNS: u32 = (QUADS + WG - 1u) / WG;
// Stands for ids beyond V: no logit is below it, and real ids come first.
const LOWEST: f32 = -3.4028234e38;

@group(0) @binding(0) var<storage, read_write> logits: array<vec4<f32>>;

fn logit_quad(quad: u32) -> vec4<f32> {
  return select(vec4<f32>(LOWEST), logits[min(quad, QUADS - 1u)], quad < QUADS);
}
@group(0) @binding(1) var<storage, read_write> tokens: array<u32>;

// The quad that a lane reads in load u of a turn: neighbours read neighbours, and ids ascend.
fn quad_at(turn: u32, u: u32, lane: u32) -> u32 {
  return (turn * UNROLL + u) * WG + lane;
}

// The ids of a quad.
fn ids_of(quad: u32) -> vec4<u32> {
  return quad * 4u + vec4<u32>(0u, 1u, 2u, 3u);
}

// A candidate for each place in a quad.
struct Best {
  value: vec4<f32>,
  id: vec4<u32>,
}

// Ids ascend, so the first of equals stays.
fn better(best: Best, value: vec4<f32>, id: vec4<u32>) -> Best {
  let more = value > best.value;
  return Best(select(best.value, value, more), select(best.id, id, more));
}

fn largest(x: vec4<f32>) -> f32 {
  return max(max(x.x, x.y), max(x.z, x.w));
}

struct Choice {
  value: f32,
  id: u32,
}

// The largest value of all lanes, the lowest id among equals. Ids below 2^24 are exact as floats.
fn best_of_all(best: Best, lane: u32, size: u32) -> Choice {
  let value = largest(reduce_max(best.value, lane, size));
  let id = select(vec4<f32>(-0x1p24), -vec4<f32>(best.id), best.value == vec4<f32>(value));
  return Choice(value, u32(-largest(reduce_max(id, lane, size))));
}

// The best of this lane.
fn argmax(lane: u32) -> Best {
  var best = Best(vec4<f32>(LOWEST), ids_of(lane));
  for (var turn = 0u; turn < TURNS; turn++) {
    {
      let quad = quad_at(turn, 0u, lane);
      best = better(best, logit_quad(quad), ids_of(quad));
    }
    {
      let quad = quad_at(turn, 1u, lane);
      best = better(best, logit_quad(quad), ids_of(quad));
    }
    {
      let quad = quad_at(turn, 2u, lane);
      best = better(best, logit_quad(quad), ids_of(quad));
    }
    {
      let quad = quad_at(turn, 3u, lane);
      best = better(best, logit_quad(quad), ids_of(quad));
    }
  }
  return best;
}


// Floats in their order as unsigned numbers, and back. What lies below all floats stands for the lowest one.
const LOWEST_KEY: u32 = 0x00800000u;

fn floats_of(keys: vec4<u32>) -> vec4<f32> {
  let k = max(keys, vec4<u32>(LOWEST_KEY));
  return bitcast<vec4<f32>>(select(~k, k & vec4<u32>(0x7fffffffu), k >= vec4<u32>(0x80000000u)));
}

// Logits that may be above the threshold, where they are few enough; unused places hold LOWEST.
const CANDIDATES: u32 = 4u * WG;
var<workgroup> candidates: array<f32, CANDIDATES>;

// Which logits a pass looks at, and how it weighs them.
struct Pass {
  // The candidates instead of all.
  few: bool,
  // By probability, relative to the highest logit's, instead of by number.
  by_mass: bool,
  highest: f32,
}

fn pass_quad(over: Pass, turn: u32, lane: u32) -> vec4<f32> {
  if (over.few) {
    return vec4<f32>(
      candidates[lane],
      candidates[lane + WG],
      candidates[lane + 2u * WG],
      candidates[lane + 3u * WG],
    );
  }
  return logit_quad(turn * WG + lane);
}

fn weights_of(over: Pass, values: vec4<f32>) -> vec4<f32> {
  if (over.by_mass) {
    return exp((values - over.highest) / step.temperature);
  }
  return vec4<f32>(1.0);
}

// Weight of all logits by probability, relative to the highest logit's.
fn mass_of_all(highest: f32, lane: u32, size: u32) -> f32 {
  var sum = vec4<f32>();
  for (var turn = 0u; turn < SHORT_TURNS; turn++) {
    sum += exp((logit_quad(turn * WG + lane) - highest) / step.temperature);
  }
  sum = reduce_add(sum, lane, size);
  return sum.x + sum.y + sum.z + sum.w;
}

// The largest threshold such that the logits above it (itself and `least` included) reach a goal: a number of
// them, or (by_mass) a share of the mass of those above `least`, or of `mass` where that is more.
fn search(over: Pass, goal: f32, mass: f32, least: f32, lane: u32, size: u32) -> f32 {
  var pass_over = over;
  var enough = goal;
  var key = 0u;
  // A turn that leaves out nobody, then two bits of the threshold a turn.
  for (var digit = 0u; digit < 17u; digit++) {
    let steps = select(vec4<u32>(0u, 1u, 2u, 3u) << vec4<u32>(32u - 2u * max(digit, 1u)), vec4<u32>(), digit == 0u);
    let keys = vec4<u32>(key) + steps;
    let floats = floats_of(keys);
    var sums = vec4<f32>();
    for (var turn = 0u; turn < SHORT_TURNS; turn++) {
      // One turn sees all candidates.
      if (pass_over.few && turn > 0u) {
        break;
      }
      let values = pass_quad(pass_over, turn, lane);
      let weights = select(vec4<f32>(), weights_of(pass_over, values), values >= vec4<f32>(least));
      {
        sums += select(vec4<f32>(), vec4<f32>(weights[0u]), vec4<f32>(values[0u]) >= floats);
      }
      {
        sums += select(vec4<f32>(), vec4<f32>(weights[1u]), vec4<f32>(values[1u]) >= floats);
      }
      {
        sums += select(vec4<f32>(), vec4<f32>(weights[2u]), vec4<f32>(values[2u]) >= floats);
      }
      {
        sums += select(vec4<f32>(), vec4<f32>(weights[3u]), vec4<f32>(values[3u]) >= floats);
      }
    }
    sums = reduce_add(sums, lane, size);
    if (digit == 0u) {
      if (over.by_mass) {
        // Even a share of 0 keeps the likeliest, whose weight is 1.
        enough = max(goal * max(sums.x, mass), 0.5);
      }
      // The candidates were too few after all.
      pass_over.few = over.few && sums.x >= enough;
    } else {
      key = select(key, keys.y, sums.y >= enough);
      key = select(key, keys.z, sums.z >= enough);
      key = select(key, keys.w, sums.w >= enough);
    }
  }
  return floats_of(vec4<u32>(key)).x;
}

// Gathers all logits that are at least `bound`. False when they are too many.
fn gather(bound: f32, lane: u32) -> bool {
  var count = 0u;
  for (var turn = 0u; turn < TURNS; turn++) {
    {
      let quad = quad_at(turn, 0u, lane);
      let found = (logit_quad(quad) >= vec4<f32>(bound)) & (ids_of(quad) < vec4<u32>(V));
      count += dot(select(vec4<u32>(), vec4<u32>(1u), found), vec4<u32>(1u));
    }
    {
      let quad = quad_at(turn, 1u, lane);
      let found = (logit_quad(quad) >= vec4<f32>(bound)) & (ids_of(quad) < vec4<u32>(V));
      count += dot(select(vec4<u32>(), vec4<u32>(1u), found), vec4<u32>(1u));
    }
    {
      let quad = quad_at(turn, 2u, lane);
      let found = (logit_quad(quad) >= vec4<f32>(bound)) & (ids_of(quad) < vec4<u32>(V));
      count += dot(select(vec4<u32>(), vec4<u32>(1u), found), vec4<u32>(1u));
    }
    {
      let quad = quad_at(turn, 3u, lane);
      let found = (logit_quad(quad) >= vec4<f32>(bound)) & (ids_of(quad) < vec4<u32>(V));
      count += dot(select(vec4<u32>(), vec4<u32>(1u), found), vec4<u32>(1u));
    }
  }
  // Counts pass through the candidates' place; as floats they are exact.
  workgroupBarrier();
  candidates[lane] = f32(count);
  workgroupBarrier();
  var at = 0u;
  var all = 0u;
  for (var i = 0u; i < WG; i++) {
    let other = u32(candidates[i]);
    at += select(0u, other, i < lane);
    all += other;
  }
  workgroupBarrier();
  for (var i = lane; i < CANDIDATES; i += WG) {
    candidates[i] = LOWEST;
  }
  workgroupBarrier();
  let fits = all <= CANDIDATES;
  if (fits && count > 0u) {
    for (var turn = 0u; turn < SHORT_TURNS; turn++) {
      let quad = turn * WG + lane;
      let values = logit_quad(quad);
      let found = (values >= vec4<f32>(bound)) & (ids_of(quad) < vec4<u32>(V));
      {
        if (found[0u]) {
          candidates[at] = values[0u];
          at += 1u;
        }
      }
      {
        if (found[1u]) {
          candidates[at] = values[1u];
          at += 1u;
        }
      }
      {
        if (found[2u]) {
          candidates[at] = values[2u];
          at += 1u;
        }
      }
      {
        if (found[3u]) {
          candidates[at] = values[3u];
          at += 1u;
        }
      }
    }
  }
  workgroupBarrier();
  return fits;
}

// The smallest logit that top-k and top-p keep. `own` is the highest of this lane.
fn threshold(own: f32, highest: f32, lane: u32, size: u32) -> f32 {
  var mass = 0.0;
  if (step.top_k == 0u) {
    mass = mass_of_all(highest, lane, size);
  }
  candidates[lane] = own;
  for (var i = lane + WG; i < CANDIDATES; i += WG) {
    candidates[i] = LOWEST;
  }
  workgroupBarrier();
  // Candidates are all above the n-th of the lanes' highest logits: n of all at least, and mostly not many more.
  let n = select(WG / 8u * 7u, step.top_k, step.top_k > 0u);
  var bound = LOWEST;
  var few = true;
  var least = LOWEST;
  // 0: that bound; 1: top-k; 2: top-p. One search in the text for all, because compilers inline every call.
  for (var rule = 0u; rule < 3u; rule++) {
    if (rule == 1u) {
      few = gather(bound, lane);
    }
    let by_mass = rule == 2u;
    let by_number = select(step.top_k > 0u, n <= WG, rule == 0u);
    if (select(by_number, step.top_p < 1.0, by_mass)) {
      let goal = select(f32(n), step.top_p, by_mass);
      let found = search(Pass(few, by_mass, highest), goal, mass, least, lane, size);
      if (rule == 0u) {
        bound = found;
      } else {
        least = max(least, found);
      }
    }
  }
  return least;
}


// The best of this lane after a draw among the logits that are at least `least`.
fn draw(least: f32, highest: f32, lane: u32) -> Best {
  let stream = mix(mix(vec4<u32>(step.seed)) ^ vec4<u32>(step.past + step.seq));
  var best = Best(vec4<f32>(LOWEST), ids_of(lane));
  for (var turn = 0u; turn < SHORT_TURNS; turn++) {
    let quad = turn * WG + lane;
    let ids = ids_of(quad);
    let values = logit_quad(quad);
    let kept = (values >= vec4<f32>(least)) & (ids < vec4<u32>(V));
    if (any(kept)) {
      // Relative to the highest, so that a low temperature does not drown the Gumbel number in rounding.
      let scores = (values - highest) / step.temperature + gumbel(mix(stream ^ ids));
      best = better(best, select(vec4<f32>(LOWEST), scores, kept), ids);
    }
  }
  return best;
}

@compute @workgroup_size(WG)
fn main(
  @builtin(local_invocation_index) lane: u32,
) {
  if (step.sample == 0u) {
    return;
  }
  let own = argmax(lane);
  var choice = best_of_all(own, lane, subgroup_size);
  if (step.temperature > 0.0) {
    let highest = choice.value;
    var least = LOWEST;
    if (step.top_k > 0u || step.top_p < 1.0) {
      least = threshold(largest(own.value), highest, lane, subgroup_size);
    }
    choice = best_of_all(draw(least, highest, lane), lane, subgroup_size);
  }
  if (lane == 0u) {
    tokens[step.past + step.seq] = choice.id;
  }
}
