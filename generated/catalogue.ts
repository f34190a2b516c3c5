// Written by `npm run generate` from kernel-templates/. Do not edit.
/** Parameters of every WGSL template; those left out keep their default. */
export interface WgslKernels {
  /** Adds to row m of x the row past + m + OFFSET of a table of positions. A workgroup makes 4 WG elements. */
  add_positions: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 64 */
    D?: number;
    /** Default: 0 */
    OFFSET?: number;
    /** Default: 65535 */
    FOLD?: 65535 | 3;
  };
  /**
   * s = x + r and y = s * rsqrt(mean(s²) + EPS) * g: the end of one layer and the beginning of the next. One
   * workgroup a row.
   */
  add_rmsnorm: {
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
    /** Default: 65535 */
    FOLD?: 65535 | 3;
  };
  /** Index of the largest or smallest along the middle axis. One lane a column; short rows too. */
  argreduce_columns: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 64 */
    D?: number;
    /** Default: 64 */
    S?: number;
    /** Default: 65535 */
    FOLD?: 65535 | 3;
    /** Default: argmax */
    OP?: 'argmax' | 'argmin';
    /** Default: first */
    PICK?: 'first' | 'last';
  };
  /** Index of the largest or smallest of each row. One workgroup a row. */
  argreduce_rows: {
    /** Default: false */
    SUBGROUPS?: false | true;
    /** Default: 256 */
    WG?: 256 | 32 | 64 | 128;
    /** Default: 64 */
    D?: number;
    /** Default: 65535 */
    FOLD?: 65535 | 3;
    /** Default: argmax */
    OP?: 'argmax' | 'argmin';
    /** Default: first */
    PICK?: 'first' | 'last';
  };
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
    /** Default: f32 */
    KV?: 'f32' | 'f16' | 'q8' | 'q4' | 'q3' | 'q2';
    /** Default: 0.125 */
    SCALE?: number;
    /** Default: 0 */
    WINDOW?: number;
    /** Default: 0 */
    SOFTCAP?: number;
  };
  /**
   * Attention of many query rows by subgroup matrices of halves: a workgroup takes TEAMS subgroups of LANES lanes (the
   * device's size), each of which takes MM rows of one head; KEYS keys and their values lie in workgroup memory for
   * all, and the next are loaded meanwhile. Once over the keys (online softmax): weights are exponentials of how far a
   * score is above a base, a row's highest score some time ago. Sums of weighted values are scaled to a new base, on
   * their way through workgroup memory, only where the highest has risen by more than RISE, which is rare.
   */
  attention_matrix: {
    /** Default: true */
    MATRIX?: true;
    /** Default: f16 */
    E?: 'f16';
    /** Default: f16 */
    KV?: 'f16';
    /** Default: 4 */
    TEAMS?: 4 | 2 | 8;
    /** Default: 32 */
    LANES?: 32 | 16 | 64;
    /** Default: 16 */
    KEYS?: 16 | 32 | 64;
    /** Default: 8 */
    PAD?: 8 | 0;
    /** Default: 16 */
    MM?: 16 | 8;
    /** Default: 16 */
    MN?: 16 | 8;
    /** Default: 16 */
    MK?: 16 | 8;
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
    /** Default: 0 */
    WINDOW?: number;
    /** Default: 0 */
    SOFTCAP?: number;
  };
  /**
   * Adds the parts that attention_split made of one query row, each brought to the greatest score of all. A workgroup a
   * head: lanes weigh the splits, then slices of lanes add them, a vec4 of the head a lane.
   */
  attention_merge: {
    /** Default: false */
    SUBGROUPS?: false | true;
    /** Default: 128 */
    WG?: 128 | 32 | 64 | 256;
    /** Default: 64 */
    CHUNK?: number;
    /** Default: 4 */
    H?: number;
    /** Default: 64 */
    HD?: number;
    /** Default: 2048 */
    C?: number;
    /** Default: 32 */
    SPLITS?: number;
    /** Default: 0 */
    WINDOW?: number;
  };
  /** attention_merge into bytes, for the product that reads them: a head is whole blocks. */
  attention_merge_i8: {
    /** Default: false */
    SUBGROUPS?: false | true;
    /** Default: 128 */
    WG?: 128 | 32 | 64 | 256;
    /** Default: 64 */
    CHUNK?: number;
    /** Default: 4 */
    H?: number;
    /** Default: 64 */
    HD?: number;
    /** Default: 2048 */
    C?: number;
    /** Default: 32 */
    SPLITS?: number;
    /** Default: 0 */
    WINDOW?: number;
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
    /** Default: f32 */
    KV?: 'f32' | 'f16' | 'q8' | 'q4' | 'q3' | 'q2';
    /** Default: 0.125 */
    SCALE?: number;
    /** Default: 0 */
    WINDOW?: number;
    /** Default: 0 */
    SOFTCAP?: number;
  };
  /**
   * Part of the attention of one query row: a workgroup takes CHUNK of the keys that the row sees, for all query heads
   * that share their head, so that a key or value is read once for those (Flash-Decoding, Dao et al. 2023). Keys are
   * read by teams of lanes, values by slices of them; between, lanes work on the softmax of a head.
   */
  attention_split: {
    /** Default: false */
    SUBGROUPS?: false | true;
    /** Default: 128 */
    WG?: 128 | 64 | 256;
    /** Default: 64 */
    CHUNK?: 64 | 32 | 128 | 256;
    /** Default: 4 */
    UNROLL?: 4 | 1 | 2 | 8;
    /** Default: 4 */
    H?: number;
    /** Default: 4 */
    KVH?: number;
    /** Default: 64 */
    HD?: number;
    /** Default: 2048 */
    C?: number;
    /** Default: 32 */
    SPLITS?: number;
    /** Default: f32 */
    KV?: 'f32' | 'f16' | 'q8' | 'q4' | 'q3' | 'q2';
    /** Default: 0.125 */
    SCALE?: number;
    /** Default: 0 */
    WINDOW?: number;
    /** Default: 0 */
    SOFTCAP?: number;
  };
  /** y = OP(a, b), element by element. BCAST: b is one row, for every row of a. WG * WY lanes make 4 elements each. */
  binary: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 1 */
    WY?: 1 | 2;
    /** Default: 64 */
    D?: number;
    /** Default: false */
    BCAST?: false | true;
    /** Default: 65535 */
    FOLD?: 65535 | 3;
    /** Default: add */
    OP?: 'add' | 'mul' | 'silu_mul' | 'gelu_mul' | 'gelu_tanh_mul' | 'quick_gelu_mul' | 'relu_mul' | 'sub' | 'div' | 'min' | 'max' | 'pow' | 'prelu' | 'mod' | 'floor_mod' | 'equal' | 'less' | 'less_equal' | 'greater' | 'greater_equal' | 'and' | 'or' | 'xor';
  };
  /** y = OP(a, b) over five axes, a and b each by strides, of which 0 repeats. A workgroup makes 4 WG elements. */
  binary_nd: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 0 */
    AS0?: number;
    /** Default: 0 */
    AS1?: number;
    /** Default: 0 */
    AS2?: number;
    /** Default: 0 */
    AS3?: number;
    /** Default: 1 */
    AS4?: number;
    /** Default: 0 */
    BS0?: number;
    /** Default: 0 */
    BS1?: number;
    /** Default: 0 */
    BS2?: number;
    /** Default: 0 */
    BS3?: number;
    /** Default: 1 */
    BS4?: number;
    /** Default: 65535 */
    FOLD?: 65535 | 3;
    /** Default: 1 */
    D1?: number;
    /** Default: 1 */
    D2?: number;
    /** Default: 1 */
    D3?: number;
    /** Default: 64 */
    D4?: number;
    /** Default: add */
    OP?: 'add' | 'mul' | 'silu_mul' | 'gelu_mul' | 'gelu_tanh_mul' | 'quick_gelu_mul' | 'relu_mul' | 'sub' | 'div' | 'min' | 'max' | 'pow' | 'prelu' | 'mod' | 'floor_mod' | 'equal' | 'less' | 'less_equal' | 'greater' | 'greater_equal' | 'and' | 'or' | 'xor';
  };
  /**
   * The sum of one row of each of Q codebooks, V rows each, as a residual quantiser decodes; a code beyond the last
   * means the last. A workgroup makes 4 WG elements of one row.
   */
  codebook: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 2 */
    Q?: number;
    /** Default: 64 */
    V?: number;
    /** Default: 64 */
    D?: number;
    /** Default: f32 */
    W?: 'f32' | 'f16' | 'q8' | 'q8a' | 'q4' | 'q4a' | 'q3' | 'q3a' | 'q2' | 'q2a';
    /** Default: 32 */
    G?: 32 | 64 | 128 | 0;
  };
  /**
   * Two to four tensors side by side along the middle axis, moved as bits. A workgroup makes 4 WG elements, four
   * at a time where every part of a row allows it.
   */
  concat: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 2 */
    COUNT?: 2 | 3 | 4;
    /** Default: 1 */
    A?: number;
    /** Default: 8 */
    D?: number;
    /** Default: 4 */
    DA?: number;
    /** Default: 4 */
    DB?: number;
    /** Default: 0 */
    DC?: number;
    /** Default: 0 */
    DD?: number;
    /** Default: 8 */
    S?: number;
    /** Default: 65535 */
    FOLD?: 65535 | 3;
  };
  /**
   * Convolution where channels share little: depthwise, small groups, small sizes. PX lanes lie along a plane of
   * y, each with TP pixels of a row that lie a strip apart, so that neighbours read neighbours and a decoded
   * weight serves TP pixels; WG / PX such rows of lanes make as many channels.
   */
  conv2d_direct: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 64 */
    PX?: 64 | 1 | 8 | 32;
    /** Default: 4 */
    TP?: 4 | 1 | 2;
    /** Default: f32 */
    W?: 'f32' | 'f16' | 'q8' | 'q8a' | 'q4' | 'q4a' | 'q3' | 'q3a' | 'q2' | 'q2a';
    /** Default: 4 */
    CIN?: number;
    /** Default: 8 */
    IH?: number;
    /** Default: 8 */
    IW?: number;
    /** Default: 4 */
    COUT?: number;
    /** Default: 8 */
    OH?: number;
    /** Default: 8 */
    OW?: number;
    /** Default: 3 */
    KH?: number;
    /** Default: 3 */
    KW?: number;
    /** Default: 1 */
    SH?: number;
    /** Default: 1 */
    SW?: number;
    /** Default: 1 */
    DH?: number;
    /** Default: 1 */
    DW?: number;
    /** Default: 1 */
    PT?: number;
    /** Default: 1 */
    PL?: number;
    /** Default: 1 */
    GROUPS?: number;
    /** Default: false */
    BIAS?: false | true;
    /** Default: none */
    EPI?: 'none' | 'add' | 'add_act';
    /** Default: none */
    ACT?: 'none' | 'relu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'silu' | 'tanh' | 'sigmoid';
    /** Default: 32 */
    G?: 32 | 64 | 128 | 0;
  };
  /**
   * Convolution as a product of w with a matrix that is never stored: a column a pixel of y (of all images), a
   * row a tap of a channel. WX * WY lanes make a block of WY * TM channels of a group and WX * TN pixels,
   * TM x TN results a lane, from tiles of TK rows in workgroup memory; x is gathered into its tile. A 1 x 1
   * kernel makes it a plain product. E: with shader-f16, tiles and products of four are halves (unless weights
   * are f32); sums are f32 either way.
   */
  conv2d_gemm: {
    /** Default: f32 */
    E?: 'f32' | 'f16';
    /** Default: f32 */
    W?: 'f32' | 'f16' | 'q8' | 'q8a' | 'q4' | 'q4a' | 'q3' | 'q3a' | 'q2' | 'q2a';
    /** Default: false */
    BLOCK?: false | true;
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
    /** Default: 1 */
    B?: number;
    /** Default: 4 */
    CIN?: number;
    /** Default: 8 */
    IH?: number;
    /** Default: 8 */
    IW?: number;
    /** Default: 4 */
    COUT?: number;
    /** Default: 8 */
    OH?: number;
    /** Default: 8 */
    OW?: number;
    /** Default: 3 */
    KH?: number;
    /** Default: 3 */
    KW?: number;
    /** Default: 1 */
    SH?: number;
    /** Default: 1 */
    SW?: number;
    /** Default: 1 */
    DH?: number;
    /** Default: 1 */
    DW?: number;
    /** Default: 1 */
    PT?: number;
    /** Default: 1 */
    PL?: number;
    /** Default: 1 */
    GROUPS?: number;
    /** Default: false */
    BIAS?: false | true;
    /** Default: none */
    EPI?: 'none' | 'add' | 'add_act';
    /** Default: none */
    ACT?: 'none' | 'relu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'silu' | 'tanh' | 'sigmoid';
    /** Default: 32 */
    G?: 32 | 64 | 128 | 0;
  };
  /**
   * Transposed convolution, gathered: each pixel of y sums the pixels of x whose kernel reaches it, so nothing is
   * added to memory that another lane writes. A lane makes TP pixels of a row, SW apart: the same taps meet
   * them, at neighbouring pixels of x, and a decoded weight serves them all. PX lanes lie along a plane of y;
   * WG / PX such rows of lanes make as many channels.
   */
  conv_transpose2d: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 64 */
    PX?: 64 | 1 | 8 | 32;
    /** Default: 4 */
    TP?: 4 | 1 | 2;
    /** Default: f32 */
    W?: 'f32' | 'f16' | 'q8' | 'q8a' | 'q4' | 'q4a' | 'q3' | 'q3a' | 'q2' | 'q2a';
    /** Default: 4 */
    CIN?: number;
    /** Default: 8 */
    IH?: number;
    /** Default: 8 */
    IW?: number;
    /** Default: 4 */
    COUT?: number;
    /** Default: 8 */
    OH?: number;
    /** Default: 8 */
    OW?: number;
    /** Default: 3 */
    KH?: number;
    /** Default: 3 */
    KW?: number;
    /** Default: 1 */
    SH?: number;
    /** Default: 1 */
    SW?: number;
    /** Default: 1 */
    DH?: number;
    /** Default: 1 */
    DW?: number;
    /** Default: 1 */
    PT?: number;
    /** Default: 1 */
    PL?: number;
    /** Default: 1 */
    GROUPS?: number;
    /** Default: false */
    BIAS?: false | true;
    /** Default: none */
    EPI?: 'none' | 'add' | 'add_act';
    /** Default: none */
    ACT?: 'none' | 'relu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'silu' | 'tanh' | 'sigmoid';
    /** Default: 32 */
    G?: 32 | 64 | 128 | 0;
  };
  /**
   * y[i0, …, i5] = x[X0 + i0 XS0 + … + i5 XS5]: transposes, slices, reversals, expansions, tilings. Values are
   * moved as bits. A workgroup makes 4 WG elements; a last axis of neighbours goes four at a time.
   */
  copy_nd: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 1 */
    D0?: number;
    /** Default: 1 */
    D1?: number;
    /** Default: 1 */
    D2?: number;
    /** Default: 1 */
    D3?: number;
    /** Default: 1 */
    D4?: number;
    /** Default: 64 */
    D5?: number;
    /** Default: 0 */
    X0?: number;
    /** Default: 0 */
    XS0?: number;
    /** Default: 0 */
    XS1?: number;
    /** Default: 0 */
    XS2?: number;
    /** Default: 0 */
    XS3?: number;
    /** Default: 0 */
    XS4?: number;
    /** Default: 1 */
    XS5?: number;
    /** Default: 65535 */
    FOLD?: 65535 | 3;
  };
  /** Running sums along the middle axis. One lane a column. */
  cumsum_columns: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 64 */
    D?: number;
    /** Default: 64 */
    S?: number;
    /** Default: 65535 */
    FOLD?: 65535 | 3;
    /** Default: false */
    EXCLUSIVE?: false | true;
    /** Default: false */
    REVERSE?: false | true;
  };
  /**
   * Running sums along the middle axis where it is long. One workgroup a column: each lane sums a piece of it, the
   * sums of the pieces before each are made in workgroup memory, then each lane goes over its piece again.
   */
  cumsum_rows: {
    /** Default: 256 */
    WG?: 256 | 32 | 64 | 128;
    /** Default: 64 */
    D?: number;
    /** Default: 64 */
    S?: number;
    /** Default: 65535 */
    FOLD?: 65535 | 3;
    /** Default: false */
    EXCLUSIVE?: false | true;
    /** Default: false */
    REVERSE?: false | true;
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
    W?: 'f32' | 'f16' | 'q8' | 'q8a' | 'q4' | 'q4a' | 'q3' | 'q3a' | 'q2' | 'q2a';
    /** Default: 32 */
    G?: 32 | 64 | 128 | 0;
  };
  /**
   * embed of two pieces of a split table, w2 the one behind w; rows of other pieces are left alone. A workgroup makes 4 WG
   * elements of one row.
   */
  embed_pair: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 64 */
    V?: number;
    /** Default: 64 */
    V2?: number;
    /** Default: 64 */
    D?: number;
    /** Default: 0 */
    ROW0?: number;
    /** Default: f32 */
    W?: 'f32' | 'f16' | 'q8' | 'q8a' | 'q4' | 'q4a' | 'q2' | 'q2a';
    /** Default: 32 */
    G?: 32 | 64 | 128 | 0;
  };
  /** Ids as f32. A workgroup makes WG elements. */
  from_ids: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 65535 */
    FOLD?: 65535 | 3;
  };
  /**
   * y[a, m, s] = x[a, ids[m], s], moved as bits; an id beyond the last means the last. A workgroup makes 4 WG
   * elements of one id, for all a; four at a time where S allows it.
   */
  gather: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 1 */
    A?: number;
    /** Default: 64 */
    V?: number;
    /** Default: 64 */
    S?: number;
  };
  /**
   * A group of channels normalised over channels and places, times g plus b by channel, then ACT. One workgroup a
   * group. A group's first element is taken off all others before they are summed: a mean far from zero costs no
   * digits.
   */
  groupnorm: {
    /** Default: false */
    SUBGROUPS?: false | true;
    /** Default: 256 */
    WG?: 256 | 32 | 64 | 128;
    /** Default: 64 */
    C?: number;
    /** Default: 64 */
    S?: number;
    /** Default: 32 */
    GROUPS?: number;
    /** Default: 0.00001 */
    EPS?: number;
    /** Default: true */
    GAIN?: true | false;
    /** Default: none */
    ACT?: 'none' | 'relu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'silu' | 'tanh' | 'sigmoid';
  };
  /**
   * A step of a GRU after its products: n = tanh(gx_n + open(r) gh_n), y = (1 - open(z)) n + open(z) h. ORDER:
   * how the three gates are stacked; rzn in PyTorch, zrn in ONNX. RESET before: gh_n has met the reset gate.
   */
  gru_cell: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 64 */
    HID?: number;
    /** Default: rzn */
    ORDER?: 'rzn' | 'zrn';
    /** Default: after */
    RESET?: 'after' | 'before';
  };
  /** Rows of an activation as halves, for products that multiply halves: eight elements a lane. */
  halve_rows: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 65535 */
    FOLD?: 65535 | 3;
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
  /** Quantises a step's rows and writes them behind what the cache holds. A lane makes a group of 32 elements. */
  kv_append_q: {
    /** Default: 32 */
    WG?: 32 | 64 | 128;
    /** Default: 4 */
    KVH?: number;
    /** Default: 64 */
    HD?: number;
    /** Default: 2048 */
    C?: number;
    /** Default: q8 */
    KV?: 'q8' | 'q4' | 'q3' | 'q2';
  };
  /** x / max(|x|, EPS) (MODE max) or x / sqrt(|x|² + EPS) (MODE add). One workgroup a row. */
  l2norm: {
    /** Default: false */
    SUBGROUPS?: false | true;
    /** Default: 256 */
    WG?: 256 | 32 | 64 | 128;
    /** Default: 64 */
    D?: number;
    /** Default: 1e-12 */
    EPS?: number;
    /** Default: max */
    MODE?: 'max' | 'add';
    /** Default: 65535 */
    FOLD?: 65535 | 3;
  };
  /**
   * (x - mean(x)) * rsqrt(variance(x) + EPS) * g + b. One workgroup a row. LAST: only row seq-1, written as row 0.
   * A row's first element is taken off all others before they are summed: a mean far from zero costs no digits.
   */
  layernorm: {
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
    /** Default: true */
    BIAS?: true | false;
    /** Default: false */
    LAST?: false | true;
    /** Default: 65535 */
    FOLD?: 65535 | 3;
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
    W?: 'f32' | 'f16' | 'q8' | 'q8a' | 'q4' | 'q4a' | 'q3' | 'q3a' | 'q2' | 'q2a';
    /** Default: false */
    BLOCK?: false | true;
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
    /** Default: false */
    BIAS?: false | true;
    /** Default: 64 */
    LDY?: number;
    /** Default: false */
    SEQ?: false | true;
    /** Default: 64 */
    M?: number;
    /** Default: none */
    ACT?: 'none' | 'relu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'silu' | 'tanh' | 'sigmoid';
    /** Default: 32 */
    G?: 32 | 64 | 128 | 0;
  };
  /**
   * y = x wᵀ for many rows of x, quantised to bytes: integer products of four at a time, scales once for 32 columns.
   * WX * WY lanes make a block of WX * TN columns and WY * TM rows, TM x TN results a lane, from tiles of TK columns
   * of x and w in workgroup memory, where weights of every width are bytes; the next tile is loaded while one is
   * multiplied.
   */
  linear_gemm_i8: {
    /** Default: true */
    DOT4?: true;
    /** Default: false */
    BLOCK?: false | true;
    /** Default: 16 */
    WX?: 16 | 4 | 8 | 32;
    /** Default: 8 */
    WY?: 8 | 4 | 16 | 32;
    /** Default: 4 */
    TM?: 4 | 1 | 2 | 8;
    /** Default: 4 */
    TN?: 4 | 2 | 8;
    /** Default: 32 */
    TK?: 32 | 64 | 128;
    /** Default: 64 */
    N?: number;
    /** Default: q8 */
    W?: 'q8' | 'q8a' | 'q4' | 'q4a' | 'q3' | 'q3a' | 'q2' | 'q2a';
    /** Default: 64 */
    K?: number;
    /** Default: none */
    EPI?: 'none' | 'add' | 'glu';
    /** Default: false */
    BIAS?: false | true;
    /** Default: 64 */
    LDY?: number;
    /** Default: false */
    SEQ?: false | true;
    /** Default: 64 */
    M?: number;
    /** Default: none */
    ACT?: 'none' | 'relu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'silu' | 'tanh' | 'sigmoid';
    /** Default: 32 */
    G?: 32 | 64 | 128 | 0;
  };
  /**
   * y = x wᵀ for many rows of x, by subgroup matrices of halves. WX * WY subgroups of LANES lanes (the device's size)
   * make a block of WX * TN matrices of columns and WY * TM of rows, TM x TN a subgroup, from tiles of TK columns of x
   * and w in workgroup memory; the next tile is loaded while one is multiplied. Tiles come in pairs: of a word of a row
   * that both have columns of, the first half is one's and the second the other's, x's columns likewise, so that lanes
   * side by side load words side by side, and each once: what loads cost is how many rows they touch. MM, MN, MK: rows,
   * columns and depth of a matrix that the device multiplies; ACC: what it sums in. Intel's have 8 x 16 x 16, Apple's 8 x 8 x 8, AMD's
   * 16 x 16 x 16, NVIDIA's 16 x 8 x 16 (they have 16 x 16 x 16, too, which takes twice that and some copying).
   */
  linear_gemm_matrix: {
    /** Default: true */
    MATRIX?: true;
    /** Default: f16 */
    E?: 'f16';
    /** Default: f16 */
    W?: 'f16' | 'q8' | 'q8a' | 'q4' | 'q4a' | 'q3' | 'q3a' | 'q2' | 'q2a';
    /** Default: 32 */
    LANES?: 32 | 16 | 64;
    /** Default: 2 */
    WX?: 2 | 1 | 4;
    /** Default: 2 */
    WY?: 2 | 1 | 4;
    /** Default: 2 */
    TM?: 2 | 1 | 4 | 8;
    /** Default: 2 */
    TN?: 2 | 1 | 4 | 7 | 8;
    /** Default: 32 */
    TK?: 32 | 16 | 64 | 128;
    /** Default: 8 */
    PAD?: 8 | 0;
    /** Default: 16 */
    MM?: 16 | 8;
    /** Default: 16 */
    MN?: 16 | 8;
    /** Default: 16 */
    MK?: 16 | 8;
    /** Default: f32 */
    ACC?: 'f32' | 'f16';
    /** Default: 64 */
    N?: number;
    /** Default: 64 */
    K?: number;
    /** Default: none */
    EPI?: 'none' | 'add' | 'glu';
    /** Default: false */
    BIAS?: false | true;
    /** Default: 64 */
    LDY?: number;
    /** Default: false */
    SEQ?: false | true;
    /** Default: 64 */
    M?: number;
    /** Default: none */
    ACT?: 'none' | 'relu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'silu' | 'tanh' | 'sigmoid';
    /** Default: 32 */
    G?: 32 | 64 | 128 | 0;
  };
  /**
   * y = x wᵀ for few rows of x: reads every weight once, in words that neighbouring lanes load side by side.
   * LANES lanes share a row of w; each makes ROWS rows for COLS rows of x, so a word that is decoded
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
    COLS?: 1 | 2 | 3 | 4;
    /** Default: tile */
    X?: 'tile' | 'memory';
    /** Default: 64 */
    N?: number;
    /** Default: f32 */
    W?: 'f32' | 'f16' | 'q8' | 'q8a' | 'q4' | 'q4a' | 'q3' | 'q3a' | 'q2' | 'q2a';
    /** Default: 64 */
    K?: number;
    /** Default: none */
    EPI?: 'none' | 'add' | 'glu';
    /** Default: false */
    BIAS?: false | true;
    /** Default: 64 */
    LDY?: number;
    /** Default: false */
    SEQ?: false | true;
    /** Default: 64 */
    M?: number;
    /** Default: none */
    ACT?: 'none' | 'relu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'silu' | 'tanh' | 'sigmoid';
    /** Default: 32 */
    G?: 32 | 64 | 128 | 0;
  };
  /**
   * y = x wᵀ for few rows of x, quantised to bytes: integer products of four at a time, a scale for each word of
   * weights (16 bytes) and block of x. LANES lanes share a row of w; each makes ROWS rows for COLS rows of x.
   */
  linear_gemv_i8: {
    /** Default: true */
    DOT4?: true;
    /** Default: false */
    SUBGROUPS?: false | true;
    /** Default: 128 */
    WG?: 128 | 32 | 64 | 256;
    /** Default: 32 */
    LANES?: 32 | 8 | 16 | 64 | 128 | 256;
    /** Default: 4 */
    ROWS?: 4 | 1 | 2 | 8;
    /** Default: 1 */
    COLS?: 1 | 2 | 4;
    /** Default: 1 */
    UNIT?: 1 | 2 | 4;
    /** Default: 64 */
    N?: number;
    /** Default: q8 */
    W?: 'q8' | 'q8a' | 'q4' | 'q4a' | 'q3' | 'q3a' | 'q2' | 'q2a';
    /** Default: 64 */
    K?: number;
    /** Default: none */
    EPI?: 'none' | 'add' | 'glu';
    /** Default: false */
    BIAS?: false | true;
    /** Default: 64 */
    LDY?: number;
    /** Default: false */
    SEQ?: false | true;
    /** Default: 64 */
    M?: number;
    /** Default: none */
    ACT?: 'none' | 'relu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'silu' | 'tanh' | 'sigmoid';
    /** Default: 32 */
    G?: 32 | 64 | 128 | 0;
  };
  /**
   * All steps of an LSTM whose products with the input are done: gates (ifgo) plus u with what the step before gave.
   * A workgroup a sequence: a step needs all of the one before, so nothing beyond it could be shared out. Lanes take
   * units WG apart.
   */
  lstm: {
    /** Default: 256 */
    WG?: 256 | 32 | 64 | 128;
    /** Default: 4 */
    T?: number;
    /** Default: 64 */
    HID?: number;
  };
  /**
   * A step of an LSTM after its products: cy = open(f) c + open(i) tanh(g), h = open(o) tanh(cy). ORDER: how the
   * four gates are stacked; ifgo in PyTorch, iofg in ONNX.
   */
  lstm_cell: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 64 */
    HID?: number;
    /** Default: ifgo */
    ORDER?: 'ifgo' | 'iofg';
  };
  /**
   * y = SCALE a b for a batch of matrices of activations; TB: b is stored as [BB,N,K]. WX * WY lanes make a block
   * of WX * TN columns and WY * TM rows, TM x TN results a lane, from tiles of TK columns of a and rows of b in
   * workgroup memory. E: with shader-f16, tiles and products of four are halves; sums are f32 either way. SEQ: a
   * matrix of a has step.seq rows.
   */
  matmul: {
    /** Default: f32 */
    E?: 'f32' | 'f16';
    /** Default: false */
    TB?: false | true;
    /** Default: false */
    SEQ?: false | true;
    /** Default: false */
    BLOCK?: false | true;
    /** Default: 8 */
    WX?: 8 | 4 | 16 | 32;
    /** Default: 8 */
    WY?: 8 | 4 | 16 | 32;
    /** Default: 4 */
    TM?: 4 | 1 | 2 | 8;
    /** Default: 4 */
    TN?: 4 | 1 | 2 | 8;
    /** Default: 16 */
    TK?: 16 | 8 | 32 | 64;
    /** Default: 2 */
    UNROLL?: 2 | 1 | 4 | 8;
    /** Default: 1 */
    B?: number;
    /** Default: 1 */
    BB?: number;
    /** Default: 64 */
    N?: number;
    /** Default: 64 */
    K?: number;
    /** Default: 1 */
    SCALE?: number;
    /** Default: 64 */
    M?: number;
  };
  /**
   * Decibel-like log of the power in bands: SCALE log10(max(filters · power, FLOOR)), bands first. A lane makes a
   * frame of TM bands, a workgroup WG frames of WY times as many.
   */
  mel_log: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 1 */
    WY?: 1 | 2;
    /** Default: 8 */
    TM?: 8 | 4;
    /** Default: 100 */
    FRAMES?: number;
    /** Default: 201 */
    BINS?: number;
    /** Default: 80 */
    MELS?: number;
    /** Default: 1e-10 */
    FLOOR?: number;
    /** Default: 1 */
    SCALE?: number;
  };
  /**
   * x, with rows at tokens TOKEN replaced by features, moved as bits. A workgroup makes a row: its lanes count the
   * tokens TOKEN before it.
   */
  merge_rows: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 64 */
    D?: number;
    /** Default: 64 */
    F?: number;
    /** Default: 9 */
    TOKEN?: number;
    /** Default: false */
    ORDER?: false | true;
    /** Default: 64 */
    O?: number;
  };
  /**
   * norm_linear_gemv_i8 of a gate and what it lets through, whose workgroups make whole blocks of y: as bytes, for the next
   * product.
   */
  norm_glu_gemv_i8: {
    /** Default: true */
    DOT4?: true;
    /** Default: false */
    SUBGROUPS?: false | true;
    /** Default: 256 */
    WG?: 256 | 64 | 128;
    /** Default: 16 */
    LANES?: 16 | 8 | 32;
    /** Default: 4 */
    ROWS?: 4 | 2 | 8;
    /** Default: 1 */
    COLS?: 1;
    /** Default: 1 */
    UNIT?: 1 | 2 | 4;
    /** Default: 64 */
    N?: number;
    /** Default: q8 */
    W?: 'q8' | 'q8a' | 'q4' | 'q4a' | 'q3' | 'q3a' | 'q2' | 'q2a';
    /** Default: glu */
    EPI?: 'glu';
    /** Default: false */
    BIAS?: false | true;
    /** Default: 64 */
    LDY?: number;
    /** Default: 64 */
    K?: number;
    /** Default: 0.00001 */
    EPS?: number;
    /** Default: true */
    GAIN?: true | false;
    /** Default: none */
    ACT?: 'none' | 'relu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'silu' | 'tanh' | 'sigmoid';
    /** Default: 32 */
    G?: 32 | 64 | 128 | 0;
  };
  /**
   * y = rmsnorm(x) wᵀ for one row of x: linear_gemv, with the norm where x is read. The norm's scale is a factor of every
   * sum, so it is found while the products are made, from what each lane sees of x.
   */
  norm_linear_gemv: {
    /** Default: false */
    SUBGROUPS?: false | true;
    /** Default: 128 */
    WG?: 128 | 32 | 64 | 256;
    /** Default: 64 */
    LANES?: 64 | 8 | 16 | 32 | 128 | 256;
    /** Default: 4 */
    ROWS?: 4 | 1 | 2 | 8;
    /** Default: 1 */
    COLS?: 1;
    /** Default: tile */
    X?: 'tile' | 'memory';
    /** Default: 64 */
    N?: number;
    /** Default: f32 */
    W?: 'f32' | 'f16' | 'q8' | 'q8a' | 'q4' | 'q4a' | 'q3' | 'q3a' | 'q2' | 'q2a';
    /** Default: 64 */
    K?: number;
    /** Default: none */
    EPI?: 'none' | 'add' | 'glu';
    /** Default: false */
    BIAS?: false | true;
    /** Default: 64 */
    LDY?: number;
    /** Default: 0.00001 */
    EPS?: number;
    /** Default: true */
    GAIN?: true | false;
    /** Default: none */
    ACT?: 'none' | 'relu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'silu' | 'tanh' | 'sigmoid';
    /** Default: 32 */
    G?: 32 | 64 | 128 | 0;
  };
  /**
   * y = rmsnorm(x) wᵀ for one row of x: linear_gemv_i8, whose workgroups quantise x by themselves. A block's scale and the
   * norm's are factors of the sums, so bytes are made of x times its gains, and the norm is found beside the products.
   */
  norm_linear_gemv_i8: {
    /** Default: true */
    DOT4?: true;
    /** Default: false */
    SUBGROUPS?: false | true;
    /** Default: 128 */
    WG?: 128 | 32 | 64 | 256;
    /** Default: 32 */
    LANES?: 32 | 8 | 16 | 64 | 128 | 256;
    /** Default: 4 */
    ROWS?: 4 | 1 | 2 | 8;
    /** Default: 1 */
    COLS?: 1;
    /** Default: 1 */
    UNIT?: 1 | 2 | 4;
    /** Default: 64 */
    N?: number;
    /** Default: q8 */
    W?: 'q8' | 'q8a' | 'q4' | 'q4a' | 'q3' | 'q3a' | 'q2' | 'q2a';
    /** Default: 64 */
    K?: number;
    /** Default: 0.00001 */
    EPS?: number;
    /** Default: true */
    GAIN?: true | false;
    /** Default: none */
    EPI?: 'none' | 'add' | 'glu';
    /** Default: false */
    BIAS?: false | true;
    /** Default: 64 */
    LDY?: number;
    /** Default: none */
    ACT?: 'none' | 'relu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'silu' | 'tanh' | 'sigmoid';
    /** Default: 32 */
    G?: 32 | 64 | 128 | 0;
  };
  /**
   * x with Pk elements more before axis k and Qk after it (fewer where negative). MODE: what stands there.
   * VALUE, the mirrored neighbours of the edge, the edge, or x over again. A workgroup makes 4 WG elements.
   */
  pad: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 1 */
    D0?: number;
    /** Default: 1 */
    D1?: number;
    /** Default: 1 */
    D2?: number;
    /** Default: 64 */
    D3?: number;
    /** Default: 0 */
    P0?: number;
    /** Default: 0 */
    P1?: number;
    /** Default: 0 */
    P2?: number;
    /** Default: 0 */
    P3?: number;
    /** Default: 0 */
    Q0?: number;
    /** Default: 0 */
    Q1?: number;
    /** Default: 0 */
    Q2?: number;
    /** Default: 0 */
    Q3?: number;
    /** Default: 0 */
    VALUE?: number;
    /** Default: constant */
    MODE?: 'constant' | 'reflect' | 'edge' | 'wrap';
    /** Default: 65535 */
    FOLD?: 65535 | 3;
  };
  /**
   * Repetition penalty: y is the logits, those of ids among the tokens so far divided by step.penalty where they
   * are positive, else multiplied. A workgroup copies PER_LANE * WG ids, then looks through the history for them; an
   * id that occurs twice is written twice alike.
   */
  penalize: {
    /** Default: 256 */
    WG?: 256 | 32 | 64 | 128;
    /** Default: 64 */
    V?: number;
  };
  /**
   * The largest or the mean of each window of KH x KW taps, SH x SW apart, over x as if padded. A lane makes an
   * element; windows may lie partly outside. COUNT_PAD: the mean counts the padding (PT, PL, PB, PR) as zeros, but
   * nothing beyond it.
   */
  pool2d: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: max */
    OP?: 'max' | 'avg';
    /** Default: false */
    COUNT_PAD?: false | true;
    /** Default: 1 */
    B?: number;
    /** Default: 1 */
    C?: number;
    /** Default: 8 */
    IH?: number;
    /** Default: 8 */
    IW?: number;
    /** Default: 8 */
    OH?: number;
    /** Default: 8 */
    OW?: number;
    /** Default: 1 */
    KH?: number;
    /** Default: 1 */
    KW?: number;
    /** Default: 1 */
    SH?: number;
    /** Default: 1 */
    SW?: number;
    /** Default: 1 */
    DH?: number;
    /** Default: 1 */
    DW?: number;
    /** Default: 0 */
    PT?: number;
    /** Default: 0 */
    PL?: number;
    /** Default: 0 */
    PB?: number;
    /** Default: 0 */
    PR?: number;
    /** Default: 65535 */
    FOLD?: 65535 | 3;
  };
  /** Rows of x become rows ROW0, ROW0 + 1 … of a state, moved as bits. A workgroup moves 4 WG elements of a row. */
  put_rows: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 64 */
    D?: number;
    /** Default: 0 */
    ROW0?: number;
  };
  /**
   * Rows of an activation as signed bytes with a scale and a sum for each 32 columns (compiler/ops/quantize_rows.ts
   * has the layout): what products with q8 and q4 weights read. Eight lanes a block, four columns a lane.
   */
  quantize_rows: {
    /** Default: false */
    SUBGROUPS?: false | true;
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 64 */
    K?: number;
  };
  /** The middle axis made one number by OP. One lane a column, so neighbours read neighbours; short rows too. */
  reduce_columns: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 64 */
    D?: number;
    /** Default: 64 */
    S?: number;
    /** Default: 65535 */
    FOLD?: 65535 | 3;
    /** Default: sum */
    OP?: 'sum' | 'mean' | 'max' | 'min' | 'prod' | 'l1' | 'l2' | 'sumsq' | 'logsum' | 'logsumexp';
  };
  /** The last axis made one number by OP. One workgroup a row. */
  reduce_rows: {
    /** Default: false */
    SUBGROUPS?: false | true;
    /** Default: 256 */
    WG?: 256 | 32 | 64 | 128;
    /** Default: 64 */
    D?: number;
    /** Default: 65535 */
    FOLD?: 65535 | 3;
    /** Default: sum */
    OP?: 'sum' | 'mean' | 'max' | 'min' | 'prod' | 'l1' | 'l2' | 'sumsq' | 'logsum' | 'logsumexp';
  };
  /**
   * Rows and columns resampled. Element o of an axis lies at (o MUL + ADD) / DIV of x: a quotient of integers, so
   * that what lies between two neighbours, or just in the middle, is the same on every device. A lane makes an
   * element of y from TAPS x TAPS of x; beyond the edge stands the edge.
   */
  resize2d: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: nearest */
    MODE?: 'nearest' | 'linear' | 'cubic';
    /** Default: round_prefer_floor */
    ROUND?: 'round_prefer_floor' | 'round_prefer_ceil' | 'floor' | 'ceil';
    /** Default: false */
    EXCLUDE?: false | true;
    /** Default: -0.75 */
    CUBIC_A?: number;
    /** Default: 1 */
    B?: number;
    /** Default: 1 */
    C?: number;
    /** Default: 8 */
    IH?: number;
    /** Default: 8 */
    IW?: number;
    /** Default: 16 */
    OH?: number;
    /** Default: 16 */
    OW?: number;
    /** Default: 1 */
    MUL_H?: number;
    /** Default: 0 */
    ADD_H?: number;
    /** Default: 2 */
    DIV_H?: number;
    /** Default: 1 */
    MUL_W?: number;
    /** Default: 0 */
    ADD_W?: number;
    /** Default: 2 */
    DIV_W?: number;
    /** Default: 65535 */
    FOLD?: 65535 | 3;
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
    /** Default: 65535 */
    FOLD?: 65535 | 3;
  };
  /**
   * Rotary positions: turns the first F pairs of each head, (i, i + F) or (2i, 2i + 1), and copies the rest. A lane
   * takes one pair. POSITIONS: past + row, or given, [P, M], where S0, S1 and S2 pairs follow an axis each: one after
   * the other (sections; kept: of positions that last, [P, L], row m in column past + m), or in turns (interleaved).
   */
  rope: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 4 */
    H?: number;
    /** Default: 64 */
    HD?: number;
    /** Default: 32 */
    F?: number;
    /** Default: half */
    FORM?: 'half' | 'interleaved';
    /** Default: past */
    POSITIONS?: 'past' | 'sections' | 'kept' | 'interleaved';
    /** Default: 64 */
    L?: number;
    /** Default: 0 */
    S0?: number;
    /** Default: 0 */
    S1?: number;
    /** Default: 0 */
    S2?: number;
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
    /** Default: 2048 */
    C?: number;
    /** Default: 64 */
    HD?: number;
  };
  /**
   * After a stacked query, key and value projection: norms the heads of queries and keys where NORM says so, turns the
   * first F pairs of each, and writes queries to q, keys and values into their caches. A lane makes two neighbours.
   */
  rope_kv_part: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 4 */
    H?: number;
    /** Default: 4 */
    KVH?: number;
    /** Default: f32 */
    KV?: 'f32' | 'f16';
    /** Default: 2048 */
    C?: number;
    /** Default: 64 */
    HD?: number;
    /** Default: 32 */
    F?: number;
    /** Default: false */
    NORM?: false | true;
    /** Default: 0.00001 */
    EPS?: number;
  };
  /**
   * After a stacked query, key and value projection: norms the heads of queries and keys where NORM says so, turns the
   * first F pairs of each, writes queries to q, and quantises keys and values into their caches. A lane makes two
   * neighbours of a query, or a group of 32 elements of a key or value.
   */
  rope_kv_part_q: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 4 */
    H?: number;
    /** Default: 4 */
    KVH?: number;
    /** Default: 2048 */
    C?: number;
    /** Default: 64 */
    HD?: number;
    /** Default: 32 */
    F?: number;
    /** Default: false */
    NORM?: false | true;
    /** Default: 0.00001 */
    EPS?: number;
    /** Default: q8 */
    KV?: 'q8' | 'q4' | 'q3' | 'q2';
  };
  /**
   * After a stacked query, key and value projection: rotates queries into q, rotates and quantises keys into cache k,
   * quantises values into cache v. A lane takes two neighbouring pairs of a query, (i, i + HD/2) and the next, or makes
   * a group of 32 elements of a key or value.
   */
  rope_kv_q: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 4 */
    H?: number;
    /** Default: 4 */
    KVH?: number;
    /** Default: 2048 */
    C?: number;
    /** Default: 64 */
    HD?: number;
    /** Default: q8 */
    KV?: 'q8' | 'q4' | 'q3' | 'q2';
  };
  /**
   * rope_kv and attention_split as one: a workgroup turns the queries that it needs, and the one whose keys end with the
   * step's position turns and writes that key, and its value, before it reads them.
   */
  rope_split: {
    /** Default: false */
    SUBGROUPS?: false | true;
    /** Default: 128 */
    WG?: 128 | 64 | 256;
    /** Default: 64 */
    CHUNK?: 64 | 32 | 128 | 256;
    /** Default: 4 */
    UNROLL?: 4 | 1 | 2 | 8;
    /** Default: 4 */
    H?: number;
    /** Default: 4 */
    KVH?: number;
    /** Default: 64 */
    HD?: number;
    /** Default: 2048 */
    C?: number;
    /** Default: 32 */
    SPLITS?: number;
    /** Default: f32 */
    KV?: 'f32' | 'f16';
    /** Default: false */
    NORM?: false | true;
    /** Default: 0.00001 */
    EPS?: number;
    /** Default: 0.125 */
    SCALE?: number;
    /** Default: 0 */
    WINDOW?: number;
    /** Default: 0 */
    SOFTCAP?: number;
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
  /** y = ACT(x * scale + shift), scale and shift by channel. A workgroup makes 4 WG elements. */
  scale_shift: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 64 */
    C?: number;
    /** Default: 64 */
    S?: number;
    /** Default: 65535 */
    FOLD?: 65535 | 3;
    /** Default: none */
    ACT?: 'none' | 'relu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'silu' | 'tanh' | 'sigmoid';
  };
  /**
   * Attention of few query rows over activations: a workgroup takes one row of one head, WG keys a turn. Keys are
   * read by teams of lanes and values by slices of them, so that neighbours load neighbouring quads of one head;
   * between, each lane has the score of one key. The softmax runs along with its maximum.
   */
  sdpa_row: {
    /** Default: false */
    SUBGROUPS?: false | true;
    /** Default: 128 */
    WG?: 128 | 32 | 64 | 256;
    /** Default: 4 */
    KVH?: number;
    /** Default: 0.125 */
    SCALE?: number;
    /** Default: 0 */
    STACKED?: 0 | 1;
    /** Default: 64 */
    HD?: number;
    /** Default: 64 */
    VD?: number;
    /** Default: 4 */
    H?: number;
    /** Default: 64 */
    M?: number;
    /** Default: 64 */
    L?: number;
    /** Default: none */
    TOKENS?: 'none' | 'rows' | 'both';
    /** Default: false */
    CAUSAL?: false | true;
    /** Default: 0 */
    WINDOW?: number;
    /** Default: 0 */
    SOFTCAP?: number;
    /** Default: false */
    LENGTHS?: false | true;
    /** Default: none */
    BIAS?: 'none' | 'full' | 'distance';
    /** Default: false */
    MASK?: false | true;
    /** Default: false */
    KEYS?: false | true;
    /** Default: 1 */
    BB?: number;
    /** Default: 1 */
    HB?: number;
    /** Default: 0 */
    SPAN?: number;
    /** Default: 1 */
    MB?: number;
    /** Default: 1 */
    KB?: number;
  };
  /**
   * Attention over activations in tiles (Dao et al. 2022: the softmax runs along, scores are never stored). A
   * workgroup takes 4 TY rows of one head, and 4 TX keys a turn; a lane takes 4 rows by 4 keys, then the same rows
   * by its quads of the values. Tiles pass through workgroup memory: CHUNK quads of queries and keys at a time,
   * then values, a part of the keys at a time where they are wide. E: with shader-f16, tiles and what values are
   * multiplied by are halves; scores and sums are f32 either way.
   */
  sdpa_tile: {
    /** Default: false */
    SUBGROUPS?: false | true;
    /** Default: f32 */
    E?: 'f32' | 'f16';
    /** Default: false */
    BLOCK?: false | true;
    /** Default: 8 */
    TX?: 8 | 4 | 16;
    /** Default: 8 */
    TY?: 8 | 4 | 16;
    /** Default: 8 */
    CHUNK?: 8 | 4;
    /** Default: 4 */
    KVH?: number;
    /** Default: 0.125 */
    SCALE?: number;
    /** Default: 0 */
    STACKED?: 0 | 1;
    /** Default: 64 */
    HD?: number;
    /** Default: 64 */
    VD?: number;
    /** Default: 4 */
    H?: number;
    /** Default: 64 */
    M?: number;
    /** Default: 64 */
    L?: number;
    /** Default: none */
    TOKENS?: 'none' | 'rows' | 'both';
    /** Default: false */
    CAUSAL?: false | true;
    /** Default: 0 */
    WINDOW?: number;
    /** Default: 0 */
    SOFTCAP?: number;
    /** Default: false */
    LENGTHS?: false | true;
    /** Default: none */
    BIAS?: 'none' | 'full' | 'distance';
    /** Default: false */
    MASK?: false | true;
    /** Default: false */
    KEYS?: false | true;
    /** Default: 1 */
    BB?: number;
    /** Default: 1 */
    HB?: number;
    /** Default: 0 */
    SPAN?: number;
    /** Default: 1 */
    MB?: number;
    /** Default: 1 */
    KB?: number;
  };
  /**
   * softmax(SCALE x) or its logarithm (LOG) along the middle axis. One lane a column, so neighbours read
   * neighbours; short rows too. -inf counts as the lowest number, so a column of nothing else gives 1 / D.
   */
  softmax_columns: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 64 */
    D?: number;
    /** Default: 64 */
    S?: number;
    /** Default: 1 */
    SCALE?: number;
    /** Default: false */
    LOG?: false | true;
    /** Default: 65535 */
    FOLD?: 65535 | 3;
  };
  /**
   * softmax(SCALE x) or its logarithm (LOG) along the last axis. One workgroup a row. -inf counts as the lowest
   * number, so a row of nothing else gives 1 / D.
   */
  softmax_rows: {
    /** Default: false */
    SUBGROUPS?: false | true;
    /** Default: 256 */
    WG?: 256 | 32 | 64 | 128;
    /** Default: 64 */
    D?: number;
    /** Default: 1 */
    SCALE?: number;
    /** Default: false */
    LOG?: false | true;
    /** Default: 65535 */
    FOLD?: 65535 | 3;
  };
  /**
   * Short-time Fourier transform by its definition: frame f, bin k is the sum over n of window[n] times the sample
   * at f HOP + n times e^(-2 pi i n k / NFFT), which table holds at n k mod NFFT as (cos, sin). NFFT may be any
   * number. CENTER: frames lie around their time, with samples mirrored at both ends. PARTS 1: the power
   * |.|²; 2: real and imaginary part side by side. A workgroup makes WG bins of 4 WY frames.
   */
  stft_power: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 1 */
    WY?: 1 | 2;
    /** Default: true */
    CENTER?: true | false;
    /** Default: 1 */
    PARTS?: 1 | 2;
    /** Default: 16000 */
    S?: number;
    /** Default: 400 */
    NFFT?: number;
    /** Default: 160 */
    HOP?: number;
    /** Default: 101 */
    FRAMES?: number;
    /** Default: 201 */
    BINS?: number;
  };
  /** Ids of whole numbers in f32: WRAP is added to negative ones. A workgroup makes WG elements. */
  to_ids: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 0 */
    WRAP?: number;
    /** Default: 65535 */
    FOLD?: 65535 | 3;
  };
  /**
   * y[b, n, m] = x[b, m, n], moved as bits. A workgroup turns a tile of T x T in workgroup memory, so that both
   * reads and writes are of neighbours.
   */
  transpose: {
    /** Default: 32 */
    T?: 32 | 16;
    /** Default: 8 */
    WY?: 8 | 4;
    /** Default: 64 */
    M?: number;
    /** Default: 64 */
    N?: number;
  };
  /** y = OP(x), element by element. WG * WY lanes make 4 elements each. */
  unary: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 1 */
    WY?: 1 | 2;
    /** Default: 65535 */
    FOLD?: 65535 | 3;
    /** Default: silu */
    OP?: 'silu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'relu' | 'sigmoid' | 'tanh' | 'exp' | 'log' | 'sqrt' | 'rsqrt' | 'neg' | 'abs' | 'sin' | 'cos' | 'tan' | 'asin' | 'acos' | 'atan' | 'sinh' | 'cosh' | 'erf' | 'softplus' | 'softsign' | 'elu' | 'selu' | 'celu' | 'mish' | 'leaky_relu' | 'thresholded_relu' | 'hard_sigmoid' | 'hard_swish' | 'square' | 'reciprocal' | 'floor' | 'ceil' | 'round' | 'sign' | 'not' | 'clip' | 'affine' | 'softcap';
    /** Default: 0 */
    ALPHA?: number;
    /** Default: 0 */
    BETA?: number;
  };
  /**
   * y = a where c is not 0, else b, over five axes, each by strides, of which 0 repeats. A workgroup makes 4 WG
   * elements.
   */
  where_nd: {
    /** Default: 64 */
    WG?: 64 | 32 | 128 | 256;
    /** Default: 0 */
    CS0?: number;
    /** Default: 0 */
    CS1?: number;
    /** Default: 0 */
    CS2?: number;
    /** Default: 0 */
    CS3?: number;
    /** Default: 1 */
    CS4?: number;
    /** Default: 0 */
    AS0?: number;
    /** Default: 0 */
    AS1?: number;
    /** Default: 0 */
    AS2?: number;
    /** Default: 0 */
    AS3?: number;
    /** Default: 1 */
    AS4?: number;
    /** Default: 0 */
    BS0?: number;
    /** Default: 0 */
    BS1?: number;
    /** Default: 0 */
    BS2?: number;
    /** Default: 0 */
    BS3?: number;
    /** Default: 1 */
    BS4?: number;
    /** Default: 65535 */
    FOLD?: 65535 | 3;
    /** Default: 1 */
    D1?: number;
    /** Default: 1 */
    D2?: number;
    /** Default: 1 */
    D3?: number;
    /** Default: 64 */
    D4?: number;
  };
  /** Whisper's scale of log-mels: (max(x, max(x) - 8) + 4) / 4, the maximum over all of x. A workgroup a signal. */
  whisper_scale: {
    /** Default: false */
    SUBGROUPS?: false | true;
    /** Default: 256 */
    WG?: 256 | 32 | 64 | 128;
    /** Default: 80 */
    MELS?: number;
    /** Default: 3000 */
    FRAMES?: number;
  };
}

/** Parameters of every C template; those left out keep their default. */
export interface CKernels {
  /** Adds to row m of x the row past + m + OFFSET of a table of positions. */
  add_positions: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /** s = x + r and y = s * rsqrt(mean(s^2) + EPS) * g, row by row: the end of one layer and the beginning of the next. */
  add_rmsnorm: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /**
   * Where the largest or smallest of the middle axis is: the first or the last of equals. Along rows four elements at
   * a time, else four columns.
   */
  argreduce: {
    /** Default: argmax */
    OP?: 'argmax' | 'argmin';
    /** Default: first */
    PICK?: 'first' | 'last';
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /**
   * Causal softmax attention over the cache: a block of query heads of one key-value head, and of rows of the step,
   * meets each key once. WINDOW 0: a row sees all keys up to its own; SOFTCAP 0: scores have no bound.
   */
  attention: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
    /** Default: f32 */
    KV?: 'f32' | 'f16' | 'q8' | 'q4' | 'q3' | 'q2';
  };
  /** Adds the parts that attention_split made of one query row, each brought to the greatest score of all. */
  attention_merge: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /**
   * Part of the attention of one query row: CHUNK of the keys that the row sees, for the query heads that share them,
   * so that a long context is shared out over threads (Flash-Decoding, Dao et al. 2023).
   */
  attention_split: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
    /** Default: f32 */
    KV?: 'f32' | 'f16' | 'q8' | 'q4' | 'q3' | 'q2';
  };
  /** Element by element. BCAST: b is one row, for every row of a. */
  binary: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
    /** Default: add */
    OP?: 'add' | 'mul' | 'silu_mul' | 'gelu_mul' | 'gelu_tanh_mul' | 'quick_gelu_mul' | 'relu_mul' | 'sub' | 'div' | 'min' | 'max' | 'pow' | 'prelu' | 'mod' | 'floor_mod' | 'equal' | 'less' | 'less_equal' | 'greater' | 'greater_equal' | 'and' | 'or' | 'xor';
  };
  /** y = OP(a, b) over five axes, a and b each by strides, of which 0 repeats. */
  binary_nd: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
    /** Default: add */
    OP?: 'add' | 'mul' | 'silu_mul' | 'gelu_mul' | 'gelu_tanh_mul' | 'quick_gelu_mul' | 'relu_mul' | 'sub' | 'div' | 'min' | 'max' | 'pow' | 'prelu' | 'mod' | 'floor_mod' | 'equal' | 'less' | 'less_equal' | 'greater' | 'greater_equal' | 'and' | 'or' | 'xor';
  };
  /**
   * The sum of one row of each of Q codebooks, V rows each, as a residual quantiser decodes; a code beyond the last
   * means the last.
   */
  codebook: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
    /** Default: f32 */
    W?: 'f32' | 'f16' | 'q8' | 'q8a' | 'q4' | 'q4a' | 'q3' | 'q3a' | 'q2' | 'q2a';
  };
  /** Two to four tensors side by side along the middle axis. */
  concat: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /** Convolution: tiles of channels by pixels, or, where each channel has a kernel of its own, row by row. */
  conv2d: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
    /** Default: f32 */
    W?: 'f32' | 'f16' | 'q8' | 'q8a' | 'q4' | 'q4a' | 'q3' | 'q3a' | 'q2' | 'q2a';
    /** Default: none */
    EPI?: 'none' | 'add' | 'add_act';
    /** Default: none */
    ACT?: 'none' | 'relu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'silu' | 'tanh' | 'sigmoid';
  };
  /**
   * Transposed convolution. Pixels of y that lie SH rows and SW columns apart meet the same taps, at neighbouring
   * pixels of x: so each of these phases is a convolution without strides, and is computed as one.
   */
  conv_transpose2d: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
    /** Default: f32 */
    W?: 'f32' | 'f16' | 'q8' | 'q8a' | 'q4' | 'q4a' | 'q3' | 'q3a' | 'q2' | 'q2a';
    /** Default: none */
    EPI?: 'none' | 'add' | 'add_act';
    /** Default: none */
    ACT?: 'none' | 'relu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'silu' | 'tanh' | 'sigmoid';
  };
  /** y[i0, …, i5] = x[X0 + i0 XS0 + … + i5 XS5]: transposes, slices, reversals, expansions, tilings. */
  copy_nd: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /** Running sums along the middle axis. EXCLUSIVE: of what is before each. REVERSE: from the end. */
  cumsum: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /** Rows of a table by token id; an id that is not in this piece of the table leaves its row alone. */
  embed: {
    /** Default: f32 */
    W?: 'f32' | 'f16' | 'q8' | 'q8a' | 'q4' | 'q4a' | 'q3' | 'q3a' | 'q2' | 'q2a';
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /** Ids as f32. */
  from_ids: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /** y[a, m, s] = x[a, ids[m], s]. An id beyond the last means the last. */
  gather: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /** Groups of channels normalised over channels and places, times g plus b by channel where they are, then ACT. */
  groupnorm: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
    /** Default: none */
    ACT?: 'none' | 'relu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'silu' | 'tanh' | 'sigmoid';
  };
  /**
   * A step of a GRU after its products: n = tanh(gx_n + open(r) gh_n), y = (1 - open(z)) n + open(z) h. ORDER:
   * how the three gates are stacked; rzn in PyTorch, zrn in ONNX. RESET before: gh_n has met the reset gate.
   */
  gru_cell: {
    /** Default: rzn */
    ORDER?: 'rzn' | 'zrn';
    /** Default: after */
    RESET?: 'after' | 'before';
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /** Writes the rows of a step behind what the cache holds: cache[h, past + m] = x[m, h]. */
  kv_append: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
    /** Default: f32 */
    KV?: 'f32' | 'f16' | 'q8' | 'q4' | 'q3' | 'q2';
  };
  /** Rows of length 1: x / max(|x|, EPS) (MODE max), or x / sqrt(|x|^2 + EPS) (MODE add). */
  l2norm: {
    /** Default: max */
    MODE?: 'max' | 'add';
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /**
   * (x - mean(x)) * rsqrt(variance(x) + EPS) * g + b, row by row; without g and b where they are null. LAST: row
   * seq-1 alone, to row 0.
   */
  layernorm: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /**
   * y = x w^T for f32 and f16 weights: one pass over the weights for one row, register tiles of 4 rows by 8
   * columns for more.
   */
  linear: {
    /** Default: f32 */
    W?: 'f32' | 'f16';
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
    /** Default: none */
    EPI?: 'none' | 'add' | 'glu';
    /** Default: none */
    ACT?: 'none' | 'relu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'silu' | 'tanh' | 'sigmoid';
  };
  /**
   * y = x w^T for quantised weights, by integer products with a quantised x: one pass over the weights for one
   * row, 4 rows at a time for more.
   */
  linear_q: {
    /** Default: q8 */
    W?: 'q8' | 'q8a' | 'q4' | 'q4a' | 'q3' | 'q3a' | 'q2' | 'q2a';
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
    /** Default: none */
    EPI?: 'none' | 'add' | 'glu';
    /** Default: none */
    ACT?: 'none' | 'relu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'silu' | 'tanh' | 'sigmoid';
  };
  /** All steps of an LSTM whose products with the input are done: gates (ifgo) plus u with what the step before gave. */
  lstm: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /**
   * A step of an LSTM after its products: cy = open(f) c + open(i) tanh(g), h = open(o) tanh(cy). ORDER: how the
   * four gates are stacked; ifgo in PyTorch, iofg in ONNX.
   */
  lstm_cell: {
    /** Default: ifgo */
    ORDER?: 'ifgo' | 'iofg';
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /**
   * y = SCALE a b for a batch of matrices of activations; TB: b is stored as [BB,N,K]. Register tiles of 4 rows by 8
   * columns, from blocks of a and columns of b that are packed for them; one row is multiplied where b lies.
   */
  matmul: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /**
   * Decibel-like log of the power in bands: SCALE log10(max(filters · power, FLOOR)), bands first. Only the bins
   * between a filter's first and last that are not 0 are read: a band has few of them.
   */
  mel_log: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /** x, with rows at tokens TOKEN replaced by features: the n-th of the text by row n, or row order[n]. */
  merge_rows: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /**
   * x with Pk elements more before axis k and Qk after it (fewer where negative). MODE: what stands there. VALUE, the
   * mirrored neighbours of the edge, the edge, or x over again.
   */
  pad: {
    /** Default: constant */
    MODE?: 'constant' | 'reflect' | 'edge' | 'wrap';
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /**
   * Repetition penalty: y is the logits, those of ids among the tokens so far divided by step.penalty where they
   * are positive, else multiplied. An id that occurs twice is written twice alike.
   */
  penalize: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /** The largest, or the mean, of windows of KH x KW taps of x. COUNT_PAD: the mean is over what is padded too. */
  pool2d: {
    /** Default: max */
    OP?: 'max' | 'avg';
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /** Rows of x become rows ROW0, ROW0 + 1 … of a state. */
  put_rows: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /** Rows of an activation as integers with a scale for each 32 columns: what products with weights that have scales read. */
  quantize_rows: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /** The middle axis made one number by OP: along rows four elements at a time, else four columns. */
  reduce: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
    /** Default: sum */
    OP?: 'sum' | 'mean' | 'max' | 'min' | 'prod' | 'l1' | 'l2' | 'sumsq' | 'logsum' | 'logsumexp';
  };
  /**
   * Rows and columns resampled, by straight lines between neighbours or by Keys' cubics; EXCLUDE: cubic taps outside
   * count nothing.
   */
  resize2d: {
    /** Default: linear */
    MODE?: 'linear' | 'cubic';
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /** Rows and columns resampled: of each place the nearest neighbour, by ROUND. */
  resize2d_nearest: {
    /** Default: round_prefer_floor */
    ROUND?: 'round_prefer_floor' | 'round_prefer_ceil' | 'floor' | 'ceil';
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /** x * rsqrt(mean(x^2) + EPS) * g, row by row; without g where it is null. LAST: row seq-1 alone, to row 0. */
  rmsnorm: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /**
   * Rotary positions: turns the first F pairs of each head, (i, i + F) or (2i, 2i + 1), and copies the rest.
   * POSITIONS: past + row, or given, [P, M], where S0, S1 and S2 pairs follow an axis each: one after the other
   * (sections; kept: of positions that last, [P, L], row m in column past + m), or in turns (interleaved).
   */
  rope: {
    /** Default: half */
    FORM?: 'half' | 'interleaved';
    /** Default: past */
    POSITIONS?: 'past' | 'sections' | 'kept' | 'interleaved';
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /**
   * What follows the stacked query, key and value projection: norms the heads of queries and keys where there are
   * gains, turns the first F pairs of each, and writes queries to q, keys and values into their caches.
   */
  rope_kv: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
    /** Default: f32 */
    KV?: 'f32' | 'f16' | 'q8' | 'q4' | 'q3' | 'q2';
  };
  /**
   * Appends the next token: the largest logit at temperature 0, else a draw after top-k and top-p (the largest of
   * score + Gumbel number). Nothing unless step.sample.
   */
  sample: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /** ACT(x * scale + shift), scale and shift by channel. */
  scale_shift: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
    /** Default: none */
    ACT?: 'none' | 'relu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'silu' | 'tanh' | 'sigmoid';
  };
  /**
   * Scaled dot product attention over activations: a block of rows of one key-value head meets each key once. Row m
   * stands at key m + L - M. Without lengths, bias, distances or masks their pointers are 0; without keys and
   * values, these stand behind the queries of each row.
   */
  sdpa: {
    /** Default: none */
    TOKENS?: 'none' | 'rows' | 'both';
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /** softmax(SCALE x) or its logarithm (LOG) along an axis that is not the last, four columns at a time. */
  softmax_columns: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /**
   * softmax(SCALE x) or its logarithm (LOG) along the last axis. -inf counts as the lowest number, so a row of nothing
   * else gives 1 / D.
   */
  softmax_rows: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /**
   * Short-time Fourier transform by its definition: frame f, bin k is the sum over n of window[n] times the sample
   * at f HOP + n times e^(-2 pi i n k / NFFT), which table holds at n k mod NFFT as (cos, sin). NFFT may be any
   * number. CENTER: frames lie around their time, with samples mirrored at both ends. PARTS 1: the power |.|²; 2: real
   * and imaginary part side by side. Samples n and NFFT - n meet the same cosine and opposite sines: their sum and
   * difference are taken first. An item is 8 frames by 64 bins.
   */
  stft_power: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /** Ids of whole numbers in f32: WRAP is added to negative ones. */
  to_ids: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /** y[b, n, m] = x[b, m, n]. Sixteen columns of x at a time, which is what a cache line holds. */
  transpose: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /** A function of every element. */
  unary: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
    /** Default: silu */
    OP?: 'silu' | 'gelu' | 'gelu_tanh' | 'quick_gelu' | 'relu' | 'sigmoid' | 'tanh' | 'exp' | 'log' | 'sqrt' | 'rsqrt' | 'neg' | 'abs' | 'sin' | 'cos' | 'tan' | 'asin' | 'acos' | 'atan' | 'sinh' | 'cosh' | 'erf' | 'softplus' | 'softsign' | 'elu' | 'selu' | 'celu' | 'mish' | 'leaky_relu' | 'thresholded_relu' | 'hard_sigmoid' | 'hard_swish' | 'square' | 'reciprocal' | 'floor' | 'ceil' | 'round' | 'sign' | 'not' | 'clip' | 'affine' | 'softcap';
  };
  /** y = a where c is not 0, else b, over five axes, each by strides, of which 0 repeats. */
  where_nd: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
  /** Whisper's scale of log-mels: (max(x, max(x) - 8) + 4) / 4, the maximum over all of a signal. */
  whisper_scale: {
    /** Default: false */
    SCALAR?: false | true;
    /** Default: false */
    RELAXED?: false | true;
  };
}

/** Names of all templates. */
export const kernelNames = {
  wgsl: ['add_positions', 'add_rmsnorm', 'argreduce_columns', 'argreduce_rows', 'attention_decode', 'attention_matrix', 'attention_merge', 'attention_merge_i8', 'attention_prefill', 'attention_split', 'binary', 'binary_nd', 'codebook', 'concat', 'conv2d_direct', 'conv2d_gemm', 'conv_transpose2d', 'copy_nd', 'cumsum_columns', 'cumsum_rows', 'embed', 'embed_pair', 'from_ids', 'gather', 'groupnorm', 'gru_cell', 'halve_rows', 'kv_append', 'kv_append_q', 'l2norm', 'layernorm', 'linear_gemm', 'linear_gemm_i8', 'linear_gemm_matrix', 'linear_gemv', 'linear_gemv_i8', 'lstm', 'lstm_cell', 'matmul', 'mel_log', 'merge_rows', 'norm_glu_gemv_i8', 'norm_linear_gemv', 'norm_linear_gemv_i8', 'pad', 'penalize', 'pool2d', 'put_rows', 'quantize_rows', 'reduce_columns', 'reduce_rows', 'resize2d', 'rmsnorm', 'rope', 'rope_kv', 'rope_kv_part', 'rope_kv_part_q', 'rope_kv_q', 'rope_split', 'sample', 'scale_shift', 'sdpa_row', 'sdpa_tile', 'softmax_columns', 'softmax_rows', 'stft_power', 'to_ids', 'transpose', 'unary', 'where_nd', 'whisper_scale'],
  c: ['add_positions', 'add_rmsnorm', 'argreduce', 'attention', 'attention_merge', 'attention_split', 'binary', 'binary_nd', 'codebook', 'concat', 'conv2d', 'conv_transpose2d', 'copy_nd', 'cumsum', 'embed', 'from_ids', 'gather', 'groupnorm', 'gru_cell', 'kv_append', 'l2norm', 'layernorm', 'linear', 'linear_q', 'lstm', 'lstm_cell', 'matmul', 'mel_log', 'merge_rows', 'pad', 'penalize', 'pool2d', 'put_rows', 'quantize_rows', 'reduce', 'resize2d', 'resize2d_nearest', 'rmsnorm', 'rope', 'rope_kv', 'sample', 'scale_shift', 'sdpa', 'softmax_columns', 'softmax_rows', 'stft_power', 'to_ids', 'transpose', 'unary', 'where_nd', 'whisper_scale'],
} as const;
