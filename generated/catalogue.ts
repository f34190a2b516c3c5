// Written by `npm run generate` from kernel-templates/. Do not edit.
/** Parameters of every WGSL template; those left out keep their default. */
export interface WgslKernels {
  /**
   * Attention of one query row: one workgroup a head, WG keys a turn. Keys are read by teams of lanes and values
   * by slices of them, so that neighbours load neighbouring vec4s of one head; between, each lane has the score
   * of one key. The softmax runs along with its maximum.
   */
  attention_decode: {
    /** Default: false */
    SUBGROUPS?: false | true;
    /** Default: 256 */
    WG?: 256 | 32 | 64 | 128;
    /** Default: 8 */
    UNROLL?: 8 | 1 | 2 | 4;
    /** Default: 4 */
    H?: number;
    /** Default: 4 */
    KVH?: number;
    /** Default: 64 */
    HD?: number;
    /** Default: 2048 */
    C?: number;
    /** Default: 0.125 */
    SCALE?: number;
    /** Default: f32 */
    KV?: 'f32' | 'f16';
  };
  /**
   * Attention of many query rows: a workgroup takes BQ rows of one head, so that a key or value that is read
   * serves BQ rows. Turns of WG keys: a lane scores one key against all rows; WG / BQ lanes then work on the
   * softmax of a row; then lanes share the values, a vec4 of the head each.
   */
  attention_prefill: {
    /** Default: 128 */
    WG?: 128 | 32 | 64 | 256;
    /** Default: 8 */
    BQ?: 8 | 4 | 16;
    /** Default: 4 */
    UNROLL?: 4 | 1 | 2;
    /** Default: 4 */
    H?: number;
    /** Default: 4 */
    KVH?: number;
    /** Default: 64 */
    HD?: number;
    /** Default: 2048 */
    C?: number;
    /** Default: 0.125 */
    SCALE?: number;
    /** Default: f32 */
    KV?: 'f32' | 'f16';
  };
  /** y = a + b, a * b or silu(a) * b. BCAST: b is one row. A workgroup makes 4 WG elements of one row. */
  binary: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 64 */
    D?: number;
    /** Default: add */
    OP?: 'add' | 'mul' | 'silu_mul';
    /** Default: false */
    BCAST?: false | true;
  };
  /**
   * Rows of an embedding by token id. A piece of a split table (rows from ROW0 on) leaves other rows alone.
   * A workgroup makes 4 WG elements of one row.
   */
  embed: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 64 */
    V?: number;
    /** Default: 64 */
    D?: number;
    /** Default: 0 */
    ROW0?: number;
    /** Default: f32 */
    W?: 'f32' | 'f16' | 'q8' | 'q4';
    /** Default: 32 */
    G?: 32 | 64 | 128;
  };
  /** Writes a step's rows behind what the cache holds. A lane writes two elements: a u32 where they are halves. */
  kv_append: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 4 */
    KVH?: number;
    /** Default: 64 */
    HD?: number;
    /** Default: 2048 */
    C?: number;
    /** Default: f32 */
    KV?: 'f32' | 'f16';
  };
  /**
   * y = x wᵀ for many rows of x. WX * WY lanes make a block of WX * TN columns and WY * TM rows, TM x TN results
   * a lane, from tiles of TK columns of x and w in workgroup memory. Weights are decoded once a block. E: with
   * shader-f16, tiles and products of four are halves (unless weights are f32); sums are f32 either way.
   */
  linear_gemm: {
    /** Default: f32 */
    E?: 'f32' | 'f16';
    /** Default: f32 */
    W?: 'f32' | 'f16' | 'q8' | 'q4';
    /** Default: 8 */
    WX?: 8 | 4 | 16 | 32;
    /** Default: 8 */
    WY?: 8 | 4 | 16 | 32;
    /** Default: 4 */
    TM?: 4 | 2 | 8;
    /** Default: 4 */
    TN?: 4 | 2 | 8;
    /** Default: 16 */
    TK?: 16 | 32 | 64;
    /** Default: 2 */
    UNROLL?: 2 | 1 | 4 | 8;
    /** Default: 64 */
    N?: number;
    /** Default: 64 */
    K?: number;
    /** Default: none */
    EPI?: 'none' | 'add' | 'glu';
    /** Default: 64 */
    LDY?: number;
    /** Default: 32 */
    G?: 32 | 64 | 128;
  };
  /**
   * y = x wᵀ for few rows of x: reads every weight once, in words of 16 bytes that neighbouring lanes load side
   * by side. LANES lanes share a row of w; each makes ROWS rows for COLS rows of x, so a word that is decoded
   * serves COLS rows and a part of x that is fetched serves ROWS. X: where x is read from, memory by each lane
   * or a tile that the workgroup fetches together.
   */
  linear_gemv: {
    /** Default: false */
    SUBGROUPS?: false | true;
    /** Default: 128 */
    WG?: 128 | 32 | 64 | 256;
    /** Default: 64 */
    LANES?: 64 | 8 | 16 | 32 | 128 | 256;
    /** Default: 4 */
    ROWS?: 4 | 1 | 2 | 8;
    /** Default: 1 */
    COLS?: 1 | 2 | 4;
    /** Default: tile */
    X?: 'tile' | 'memory';
    /** Default: 64 */
    N?: number;
    /** Default: f32 */
    W?: 'f32' | 'f16' | 'q8' | 'q4';
    /** Default: 64 */
    K?: number;
    /** Default: none */
    EPI?: 'none' | 'add' | 'glu';
    /** Default: 64 */
    LDY?: number;
    /** Default: 32 */
    G?: 32 | 64 | 128;
  };
  /** x * rsqrt(mean(x²) + EPS) * g. One workgroup a row. LAST: only row seq-1, written as row 0. */
  rmsnorm: {
    /** Default: false */
    SUBGROUPS?: false | true;
    /** Default: 256 */
    WG?: 256 | 32 | 64 | 128;
    /** Default: 64 */
    D?: number;
    /** Default: 0.00001 */
    EPS?: number;
    /** Default: true */
    GAIN?: true | false;
    /** Default: false */
    LAST?: false | true;
  };
  /** Rotary positions: turns the pairs (i, i + HD/2) of each head. A lane turns one pair. */
  rope: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 4 */
    H?: number;
    /** Default: 64 */
    HD?: number;
    /** Default: 2048 */
    C?: number;
  };
  /**
   * After a stacked query, key and value projection: rotates queries into q and keys into cache k, writes
   * values into cache v. A lane takes two neighbouring pairs, (i, i + HD/2) and the next, because two
   * neighbouring halves share a u32.
   */
  rope_kv: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 4 */
    H?: number;
    /** Default: 4 */
    KVH?: number;
    /** Default: f32 */
    KV?: 'f32' | 'f16';
    /** Default: 64 */
    HD?: number;
    /** Default: 2048 */
    C?: number;
  };
  /**
   * Appends the next token. One workgroup. Greedy is one pass over the logits. A draw adds to each logit /
   * temperature a Gumbel number (a hash of seed, position and id) and takes the largest, among the ids that
   * top-k and top-p leave: those whose logit is at least a threshold.
   */
  sample: {
    /** Default: false */
    SUBGROUPS?: false | true;
    /** Default: 256 */
    WG?: 256 | 32 | 64 | 128;
    /** Default: 64 */
    V?: number;
    /** Default: 4 */
    UNROLL?: 4 | 1 | 2;
  };
  /** y = silu(x). A workgroup makes 4 WG elements of one row. */
  unary: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 64 */
    D?: number;
    /** Default: silu */
    OP?: 'silu';
  };
}

/** Parameters of every C template; those left out keep their default. */
export interface CKernels {
  /**
   * Causal softmax attention over the cache, keys 64 at a time with a running maximum: no row of scores is ever
   * stored. Query heads of a key-value head, and rows of the step, are taken 4 at a time, so that a key is read once
   * for 4.
   */
  attention: {
    /** Default: false */
    RELAXED?: false | true;
    /** Default: f32 */
    KV?: 'f32' | 'f16';
  };
  /** Element by element: add, mul, or silu(a) * b. BCAST: b is one row, for every row of a. */
  binary: {
    /** Default: add */
    OP?: 'add' | 'mul' | 'silu_mul';
    /** Default: false */
    RELAXED?: false | true;
  };
  /** Rows of a table by token id; an id that is not in this piece of the table leaves its row alone. */
  embed: {
    /** Default: f32 */
    W?: 'f32' | 'f16' | 'q8' | 'q4';
    /** Default: false */
    RELAXED?: false | true;
  };
  /** Writes the rows of a step behind what the cache holds: cache[h, past + m] = x[m, h]. */
  kv_append: {
    /** Default: false */
    RELAXED?: false | true;
    /** Default: f32 */
    KV?: 'f32' | 'f16';
  };
  /**
   * y = x w^T for f32 and f16 weights: one pass over the weights for one row, register tiles of 4 rows by 8
   * columns for more.
   */
  linear: {
    /** Default: f32 */
    W?: 'f32' | 'f16';
    /** Default: false */
    RELAXED?: false | true;
    /** Default: none */
    EPI?: 'none' | 'add' | 'glu';
  };
  /**
   * y = x w^T for q8 and q4 weights, by integer products with a quantised x: one pass over the weights for one
   * row, 4 rows at a time for more.
   */
  linear_q: {
    /** Default: q8 */
    W?: 'q8' | 'q4';
    /** Default: false */
    RELAXED?: false | true;
    /** Default: none */
    EPI?: 'none' | 'add' | 'glu';
  };
  /** Rows of an activation as integers with a scale for each 32 columns: what products with q8 and q4 weights read. */
  quantize_rows: {
    /** Default: false */
    RELAXED?: false | true;
  };
  /** x * rsqrt(mean(x^2) + EPS) * g, row by row; without g where it is null. LAST: row seq-1 alone, to row 0. */
  rmsnorm: {
    /** Default: false */
    RELAXED?: false | true;
  };
  /** Rotary positions of rows past, past + 1 …: pairs (i, i + HD/2) of each head. */
  rope: {
    /** Default: false */
    RELAXED?: false | true;
  };
  /**
   * What follows the stacked query, key and value projection: rotates queries into q and keys into cache k,
   * writes values into cache v.
   */
  rope_kv: {
    /** Default: false */
    RELAXED?: false | true;
    /** Default: f32 */
    KV?: 'f32' | 'f16';
  };
  /**
   * Appends the next token: the largest logit at temperature 0, else a draw after top-k and top-p (the largest of
   * score + Gumbel number). Nothing unless step.sample.
   */
  sample: {
    /** Default: false */
    RELAXED?: false | true;
  };
  /** A function of every element. */
  unary: {
    /** Default: silu */
    OP?: 'silu';
    /** Default: false */
    RELAXED?: false | true;
  };
}

/** Names of all templates. */
export const kernelNames = {
  wgsl: ['attention_decode', 'attention_prefill', 'binary', 'embed', 'kv_append', 'linear_gemm', 'linear_gemv', 'rmsnorm', 'rope', 'rope_kv', 'sample', 'unary'],
  c: ['attention', 'binary', 'embed', 'kv_append', 'linear', 'linear_q', 'quantize_rows', 'rmsnorm', 'rope', 'rope_kv', 'sample', 'unary'],
} as const;
