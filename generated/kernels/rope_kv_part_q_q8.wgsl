const WG: u32 = 64u;
const H: u32 = 1u;
const KVH: u32 = 1u;
const C: u32 = 1u;
const HD: u32 = 4u;
const F: u32 = 2u;
const HALF: u32 = F;

@group(0) @binding(1) var<storage, read> table: array<vec2<f32>>;

// cos and sin of pair i: the complex product of a coarse and a fine entry.
fn rotation(position: u32, i: u32) -> vec2<f32> {
  let a = table[(64u + position / 64u) * HALF + i];
  let b = table[position % 64u * HALF + i];
  return vec2<f32>(a.x * b.x - a.y * b.y, a.y * b.x + a.x * b.y);
}



// What a head's elements are multiplied by. Every lane sums the whole head: it is short, and lanes share a cache.
fn head_scale(start: u32) -> f32 {
  return 1.0;
}

fn normed(start: u32, e: u32, scale: f32, is_key: bool) -> f32 {
  let x = qkv[(start + e) / 2u][(start + e) % 2u];
  return x;
}

// Element e of the query or key that starts at `start`.
fn turned(start: u32, e: u32, position: u32, scale: f32, is_key: bool) -> f32 {
  if (e >= 2u * F) {
    return normed(start, e, scale, is_key);
  }
  let i = select(e, e - F, e >= F);
  let turn = rotation(position, i);
  let a = normed(start, i, scale, is_key);
  let b = normed(start, i + F, scale, is_key);
  return select(a * turn.x - b * turn.y, a * turn.y + b * turn.x, e >= F);
}

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

const HEADS: u32 = H + 2u * KVH;
const TWOS: u32 = HD / 2u;

@group(0) @binding(0) var<storage, read_write> qkv: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read_write> q: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read_write> k: array<u32>;
@group(0) @binding(4) var<storage, read_write> v: array<u32>;

fn turned_pair(start: u32, i: u32, position: u32, scale: f32, is_key: bool) -> vec2<f32> {
  return vec2<f32>(
    turned(start, 2u * i, position, scale, is_key),
    turned(start, 2u * i + 1u, position, scale, is_key),
  );
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let unit = group.x * WG + lane;
  let position = step.past + group.y;
  let row = group.y * HEADS * HD;
  if (unit < H * TWOS) {
    let head = unit / TWOS;
    let start = row + head * HD;
    let i = unit % TWOS;
    q[(group.y * H + head) * TWOS + i] = turned_pair(start, i, position, head_scale(start), false);
    return;
  }
  let number = unit - H * TWOS;
  let head = number / HEAD_GROUPS;
  let part = number % HEAD_GROUPS;
  if (head >= 2u * KVH) {
    return;
  }
  let start = row + (H + head) * HD;
  var elements: Group;
  if (head < KVH) {
    let scale = head_scale(start);
    {
      elements[0u] = turned_pair(start, min(part * 16u + 0u, TWOS - 1u), position, scale, true);
    }
    {
      elements[1u] = turned_pair(start, min(part * 16u + 1u, TWOS - 1u), position, scale, true);
    }
    {
      elements[2u] = turned_pair(start, min(part * 16u + 2u, TWOS - 1u), position, scale, true);
    }
    {
      elements[3u] = turned_pair(start, min(part * 16u + 3u, TWOS - 1u), position, scale, true);
    }
    {
      elements[4u] = turned_pair(start, min(part * 16u + 4u, TWOS - 1u), position, scale, true);
    }
    {
      elements[5u] = turned_pair(start, min(part * 16u + 5u, TWOS - 1u), position, scale, true);
    }
    {
      elements[6u] = turned_pair(start, min(part * 16u + 6u, TWOS - 1u), position, scale, true);
    }
    {
      elements[7u] = turned_pair(start, min(part * 16u + 7u, TWOS - 1u), position, scale, true);
    }
    {
      elements[8u] = turned_pair(start, min(part * 16u + 8u, TWOS - 1u), position, scale, true);
    }
    {
      elements[9u] = turned_pair(start, min(part * 16u + 9u, TWOS - 1u), position, scale, true);
    }
    {
      elements[10u] = turned_pair(start, min(part * 16u + 10u, TWOS - 1u), position, scale, true);
    }
    {
      elements[11u] = turned_pair(start, min(part * 16u + 11u, TWOS - 1u), position, scale, true);
    }
    {
      elements[12u] = turned_pair(start, min(part * 16u + 12u, TWOS - 1u), position, scale, true);
    }
    {
      elements[13u] = turned_pair(start, min(part * 16u + 13u, TWOS - 1u), position, scale, true);
    }
    {
      elements[14u] = turned_pair(start, min(part * 16u + 14u, TWOS - 1u), position, scale, true);
    }
    {
      elements[15u] = turned_pair(start, min(part * 16u + 15u, TWOS - 1u), position, scale, true);
    }
  } else {
    {
      elements[0u] = qkv[start / 2u + min(part * 16u + 0u, TWOS - 1u)];
    }
    {
      elements[1u] = qkv[start / 2u + min(part * 16u + 1u, TWOS - 1u)];
    }
    {
      elements[2u] = qkv[start / 2u + min(part * 16u + 2u, TWOS - 1u)];
    }
    {
      elements[3u] = qkv[start / 2u + min(part * 16u + 3u, TWOS - 1u)];
    }
    {
      elements[4u] = qkv[start / 2u + min(part * 16u + 4u, TWOS - 1u)];
    }
    {
      elements[5u] = qkv[start / 2u + min(part * 16u + 5u, TWOS - 1u)];
    }
    {
      elements[6u] = qkv[start / 2u + min(part * 16u + 6u, TWOS - 1u)];
    }
    {
      elements[7u] = qkv[start / 2u + min(part * 16u + 7u, TWOS - 1u)];
    }
    {
      elements[8u] = qkv[start / 2u + min(part * 16u + 8u, TWOS - 1u)];
    }
    {
      elements[9u] = qkv[start / 2u + min(part * 16u + 9u, TWOS - 1u)];
    }
    {
      elements[10u] = qkv[start / 2u + min(part * 16u + 10u, TWOS - 1u)];
    }
    {
      elements[11u] = qkv[start / 2u + min(part * 16u + 11u, TWOS - 1u)];
    }
    {
      elements[12u] = qkv[start / 2u + min(part * 16u + 12u, TWOS - 1u)];
    }
    {
      elements[13u] = qkv[start / 2u + min(part * 16u + 13u, TWOS - 1u)];
    }
    {
      elements[14u] = qkv[start / 2u + min(part * 16u + 14u, TWOS - 1u)];
    }
    {
      elements[15u] = qkv[start / 2u + min(part * 16u + 15u, TWOS - 1u)];
    }
  }
  var words = kv_pack(elements);
  let to = ((head % KVH * C + position) * HEAD_GROUPS + part) * GROUP_WORDS;
  {
    if (head < KVH) {
      k[to + 0u] = words[0u];
    } else {
      v[to + 0u] = words[0u];
    }
  }
  {
    if (head < KVH) {
      k[to + 1u] = words[1u];
    } else {
      v[to + 1u] = words[1u];
    }
  }
  {
    if (head < KVH) {
      k[to + 2u] = words[2u];
    } else {
      v[to + 2u] = words[2u];
    }
  }
  {
    if (head < KVH) {
      k[to + 3u] = words[3u];
    } else {
      v[to + 3u] = words[3u];
    }
  }
  {
    if (head < KVH) {
      k[to + 4u] = words[4u];
    } else {
      v[to + 4u] = words[4u];
    }
  }
  {
    if (head < KVH) {
      k[to + 5u] = words[5u];
    } else {
      v[to + 5u] = words[5u];
    }
  }
  {
    if (head < KVH) {
      k[to + 6u] = words[6u];
    } else {
      v[to + 6u] = words[6u];
    }
  }
  {
    if (head < KVH) {
      k[to + 7u] = words[7u];
    } else {
      v[to + 7u] = words[7u];
    }
  }
  {
    if (head < KVH) {
      k[to + 8u] = words[8u];
    } else {
      v[to + 8u] = words[8u];
    }
  }
}
