//! The smallest logit that top-k and top-p keep, found without sorting: by a search in the order of the floats'
//! bits, two bits a pass. Passes go over few candidates where that is enough, else over all. The kernel declares
//! WG, V, the turns over the logits, logit_quad and its like, and reductions of vec4<f32>.

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
      //#unroll
      for (var j = 0u; j < 4u; j++) {
        sums += select(vec4<f32>(), vec4<f32>(weights[j]), vec4<f32>(values[j]) >= floats);
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
    //#unroll
    for (var u = 0u; u < UNROLL; u++) {
      let quad = quad_at(turn, u, lane);
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
      //#unroll
      for (var j = 0u; j < 4u; j++) {
        if (found[j]) {
          candidates[at] = values[j];
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
