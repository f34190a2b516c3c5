const WG: u32 = 32u;
const KVH: u32 = 1u;
const HD: u32 = 2u;
const C: u32 = 1u;
const KV_BITS: u32 = 8u;

// The word that holds quad j, counted from the first behind the group's scale and minimum.
fn kv_word(j: u32) -> u32 {
  return j;
}

// The four elements of quad j, a byte each, from its word and the group's last.
fn kv_bytes(word: u32, last: u32, j: u32) -> u32 {
  return word;
}

// What quad j, a byte an element, adds to word i.
fn kv_part(bytes: u32, i: u32, j: u32) -> u32 {
  return select(0u, bytes, i == j);
}

const GROUP_WORDS: u32 = KV_BITS + 1u;
const HEAD_GROUPS: u32 = (HD + 31u) / 32u;
const LEVELS: f32 = f32((1u << KV_BITS) - 1u);

alias Group = array<vec2<f32>, 16>;

// Pairs beyond the end of the vector hold one that is in the group, and change nothing.
fn kv_pack(group: Group) -> array<u32, GROUP_WORDS> {
  var x = group;
  var low = x[0];
  var high = x[0];
  {
    low = min(low, x[1u]);
    high = max(high, x[1u]);
  }
  {
    low = min(low, x[2u]);
    high = max(high, x[2u]);
  }
  {
    low = min(low, x[3u]);
    high = max(high, x[3u]);
  }
  {
    low = min(low, x[4u]);
    high = max(high, x[4u]);
  }
  {
    low = min(low, x[5u]);
    high = max(high, x[5u]);
  }
  {
    low = min(low, x[6u]);
    high = max(high, x[6u]);
  }
  {
    low = min(low, x[7u]);
    high = max(high, x[7u]);
  }
  {
    low = min(low, x[8u]);
    high = max(high, x[8u]);
  }
  {
    low = min(low, x[9u]);
    high = max(high, x[9u]);
  }
  {
    low = min(low, x[10u]);
    high = max(high, x[10u]);
  }
  {
    low = min(low, x[11u]);
    high = max(high, x[11u]);
  }
  {
    low = min(low, x[12u]);
    high = max(high, x[12u]);
  }
  {
    low = min(low, x[13u]);
    high = max(high, x[13u]);
  }
  {
    low = min(low, x[14u]);
    high = max(high, x[14u]);
  }
  {
    low = min(low, x[15u]);
    high = max(high, x[15u]);
  }
  let lowest = min(low.x, low.y);
  let header = pack2x16float(vec2<f32>((max(high.x, high.y) - lowest) / LEVELS, lowest));
  // What readers will see. Where all are alike the scale is 0, and any q will do.
  let affine = unpack2x16float(header);
  let inverse = 1.0 / max(affine.x, 1e-9);
  var words: array<u32, GROUP_WORDS>;
  words[0] = header;
  {
    let quad = vec4<f32>(x[2u * 0u], x[2u * 0u + 1u]);
    let q = vec4<u32>(clamp(round((quad - affine.y) * inverse), vec4<f32>(), vec4<f32>(LEVELS)));
    let bytes = q.x | (q.y << 8u) | (q.z << 16u) | (q.w << 24u);
    {
      words[0u + 1u] |= kv_part(bytes, 0u, 0u);
    }
    {
      words[1u + 1u] |= kv_part(bytes, 1u, 0u);
    }
    {
      words[2u + 1u] |= kv_part(bytes, 2u, 0u);
    }
    {
      words[3u + 1u] |= kv_part(bytes, 3u, 0u);
    }
    {
      words[4u + 1u] |= kv_part(bytes, 4u, 0u);
    }
    {
      words[5u + 1u] |= kv_part(bytes, 5u, 0u);
    }
    {
      words[6u + 1u] |= kv_part(bytes, 6u, 0u);
    }
    {
      words[7u + 1u] |= kv_part(bytes, 7u, 0u);
    }
  }
  {
    let quad = vec4<f32>(x[2u * 1u], x[2u * 1u + 1u]);
    let q = vec4<u32>(clamp(round((quad - affine.y) * inverse), vec4<f32>(), vec4<f32>(LEVELS)));
    let bytes = q.x | (q.y << 8u) | (q.z << 16u) | (q.w << 24u);
    {
      words[0u + 1u] |= kv_part(bytes, 0u, 1u);
    }
    {
      words[1u + 1u] |= kv_part(bytes, 1u, 1u);
    }
    {
      words[2u + 1u] |= kv_part(bytes, 2u, 1u);
    }
    {
      words[3u + 1u] |= kv_part(bytes, 3u, 1u);
    }
    {
      words[4u + 1u] |= kv_part(bytes, 4u, 1u);
    }
    {
      words[5u + 1u] |= kv_part(bytes, 5u, 1u);
    }
    {
      words[6u + 1u] |= kv_part(bytes, 6u, 1u);
    }
    {
      words[7u + 1u] |= kv_part(bytes, 7u, 1u);
    }
  }
  {
    let quad = vec4<f32>(x[2u * 2u], x[2u * 2u + 1u]);
    let q = vec4<u32>(clamp(round((quad - affine.y) * inverse), vec4<f32>(), vec4<f32>(LEVELS)));
    let bytes = q.x | (q.y << 8u) | (q.z << 16u) | (q.w << 24u);
    {
      words[0u + 1u] |= kv_part(bytes, 0u, 2u);
    }
    {
      words[1u + 1u] |= kv_part(bytes, 1u, 2u);
    }
    {
      words[2u + 1u] |= kv_part(bytes, 2u, 2u);
    }
    {
      words[3u + 1u] |= kv_part(bytes, 3u, 2u);
    }
    {
      words[4u + 1u] |= kv_part(bytes, 4u, 2u);
    }
    {
      words[5u + 1u] |= kv_part(bytes, 5u, 2u);
    }
    {
      words[6u + 1u] |= kv_part(bytes, 6u, 2u);
    }
    {
      words[7u + 1u] |= kv_part(bytes, 7u, 2u);
    }
  }
  {
    let quad = vec4<f32>(x[2u * 3u], x[2u * 3u + 1u]);
    let q = vec4<u32>(clamp(round((quad - affine.y) * inverse), vec4<f32>(), vec4<f32>(LEVELS)));
    let bytes = q.x | (q.y << 8u) | (q.z << 16u) | (q.w << 24u);
    {
      words[0u + 1u] |= kv_part(bytes, 0u, 3u);
    }
    {
      words[1u + 1u] |= kv_part(bytes, 1u, 3u);
    }
    {
      words[2u + 1u] |= kv_part(bytes, 2u, 3u);
    }
    {
      words[3u + 1u] |= kv_part(bytes, 3u, 3u);
    }
    {
      words[4u + 1u] |= kv_part(bytes, 4u, 3u);
    }
    {
      words[5u + 1u] |= kv_part(bytes, 5u, 3u);
    }
    {
      words[6u + 1u] |= kv_part(bytes, 6u, 3u);
    }
    {
      words[7u + 1u] |= kv_part(bytes, 7u, 3u);
    }
  }
  {
    let quad = vec4<f32>(x[2u * 4u], x[2u * 4u + 1u]);
    let q = vec4<u32>(clamp(round((quad - affine.y) * inverse), vec4<f32>(), vec4<f32>(LEVELS)));
    let bytes = q.x | (q.y << 8u) | (q.z << 16u) | (q.w << 24u);
    {
      words[0u + 1u] |= kv_part(bytes, 0u, 4u);
    }
    {
      words[1u + 1u] |= kv_part(bytes, 1u, 4u);
    }
    {
      words[2u + 1u] |= kv_part(bytes, 2u, 4u);
    }
    {
      words[3u + 1u] |= kv_part(bytes, 3u, 4u);
    }
    {
      words[4u + 1u] |= kv_part(bytes, 4u, 4u);
    }
    {
      words[5u + 1u] |= kv_part(bytes, 5u, 4u);
    }
    {
      words[6u + 1u] |= kv_part(bytes, 6u, 4u);
    }
    {
      words[7u + 1u] |= kv_part(bytes, 7u, 4u);
    }
  }
  {
    let quad = vec4<f32>(x[2u * 5u], x[2u * 5u + 1u]);
    let q = vec4<u32>(clamp(round((quad - affine.y) * inverse), vec4<f32>(), vec4<f32>(LEVELS)));
    let bytes = q.x | (q.y << 8u) | (q.z << 16u) | (q.w << 24u);
    {
      words[0u + 1u] |= kv_part(bytes, 0u, 5u);
    }
    {
      words[1u + 1u] |= kv_part(bytes, 1u, 5u);
    }
    {
      words[2u + 1u] |= kv_part(bytes, 2u, 5u);
    }
    {
      words[3u + 1u] |= kv_part(bytes, 3u, 5u);
    }
    {
      words[4u + 1u] |= kv_part(bytes, 4u, 5u);
    }
    {
      words[5u + 1u] |= kv_part(bytes, 5u, 5u);
    }
    {
      words[6u + 1u] |= kv_part(bytes, 6u, 5u);
    }
    {
      words[7u + 1u] |= kv_part(bytes, 7u, 5u);
    }
  }
  {
    let quad = vec4<f32>(x[2u * 6u], x[2u * 6u + 1u]);
    let q = vec4<u32>(clamp(round((quad - affine.y) * inverse), vec4<f32>(), vec4<f32>(LEVELS)));
    let bytes = q.x | (q.y << 8u) | (q.z << 16u) | (q.w << 24u);
    {
      words[0u + 1u] |= kv_part(bytes, 0u, 6u);
    }
    {
      words[1u + 1u] |= kv_part(bytes, 1u, 6u);
    }
    {
      words[2u + 1u] |= kv_part(bytes, 2u, 6u);
    }
    {
      words[3u + 1u] |= kv_part(bytes, 3u, 6u);
    }
    {
      words[4u + 1u] |= kv_part(bytes, 4u, 6u);
    }
    {
      words[5u + 1u] |= kv_part(bytes, 5u, 6u);
    }
    {
      words[6u + 1u] |= kv_part(bytes, 6u, 6u);
    }
    {
      words[7u + 1u] |= kv_part(bytes, 7u, 6u);
    }
  }
  {
    let quad = vec4<f32>(x[2u * 7u], x[2u * 7u + 1u]);
    let q = vec4<u32>(clamp(round((quad - affine.y) * inverse), vec4<f32>(), vec4<f32>(LEVELS)));
    let bytes = q.x | (q.y << 8u) | (q.z << 16u) | (q.w << 24u);
    {
      words[0u + 1u] |= kv_part(bytes, 0u, 7u);
    }
    {
      words[1u + 1u] |= kv_part(bytes, 1u, 7u);
    }
    {
      words[2u + 1u] |= kv_part(bytes, 2u, 7u);
    }
    {
      words[3u + 1u] |= kv_part(bytes, 3u, 7u);
    }
    {
      words[4u + 1u] |= kv_part(bytes, 4u, 7u);
    }
    {
      words[5u + 1u] |= kv_part(bytes, 5u, 7u);
    }
    {
      words[6u + 1u] |= kv_part(bytes, 6u, 7u);
    }
    {
      words[7u + 1u] |= kv_part(bytes, 7u, 7u);
    }
  }
  return words;
}

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

const PAIRS: u32 = HD / 2u;

@group(0) @binding(0) var<storage, read_write> x: array<vec2<f32>>;
@group(0) @binding(1) var<storage, read_write> cache: array<u32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let unit = group.x * WG + lane;
  if (unit >= KVH * HEAD_GROUPS) {
    return;
  }
  let head = unit / HEAD_GROUPS;
  let part = unit % HEAD_GROUPS;
  let start = (group.y * KVH + head) * PAIRS;
  var elements: Group;
  {
    elements[0u] = x[start + min(part * 16u + 0u, PAIRS - 1u)];
  }
  {
    elements[1u] = x[start + min(part * 16u + 1u, PAIRS - 1u)];
  }
  {
    elements[2u] = x[start + min(part * 16u + 2u, PAIRS - 1u)];
  }
  {
    elements[3u] = x[start + min(part * 16u + 3u, PAIRS - 1u)];
  }
  {
    elements[4u] = x[start + min(part * 16u + 4u, PAIRS - 1u)];
  }
  {
    elements[5u] = x[start + min(part * 16u + 5u, PAIRS - 1u)];
  }
  {
    elements[6u] = x[start + min(part * 16u + 6u, PAIRS - 1u)];
  }
  {
    elements[7u] = x[start + min(part * 16u + 7u, PAIRS - 1u)];
  }
  {
    elements[8u] = x[start + min(part * 16u + 8u, PAIRS - 1u)];
  }
  {
    elements[9u] = x[start + min(part * 16u + 9u, PAIRS - 1u)];
  }
  {
    elements[10u] = x[start + min(part * 16u + 10u, PAIRS - 1u)];
  }
  {
    elements[11u] = x[start + min(part * 16u + 11u, PAIRS - 1u)];
  }
  {
    elements[12u] = x[start + min(part * 16u + 12u, PAIRS - 1u)];
  }
  {
    elements[13u] = x[start + min(part * 16u + 13u, PAIRS - 1u)];
  }
  {
    elements[14u] = x[start + min(part * 16u + 14u, PAIRS - 1u)];
  }
  {
    elements[15u] = x[start + min(part * 16u + 15u, PAIRS - 1u)];
  }
  var words = kv_pack(elements);
  let to = ((head * C + step.past + group.y) * HEAD_GROUPS + part) * GROUP_WORDS;
  {
    cache[to + 0u] = words[0u];
  }
  {
    cache[to + 1u] = words[1u];
  }
  {
    cache[to + 2u] = words[2u];
  }
  {
    cache[to + 3u] = words[3u];
  }
  {
    cache[to + 4u] = words[4u];
  }
  {
    cache[to + 5u] = words[5u];
  }
  {
    cache[to + 6u] = words[6u];
  }
  {
    cache[to + 7u] = words[7u];
  }
  {
    cache[to + 8u] = words[8u];
  }
}
