// A block's attention over vectors of the KV cache.

/// Keys and values of one head, from the first that any row of the block sees to the last.
static void attend(Block *b, const KV *k, const KV *v, float SOFTCAP) {
  const int HD = b->HD, size = kv_size(HD), width = kv_width(HD), turn = turn_keys(width);
  int first, last;
  block_range(b, &first, &last);
  open_block(b);
  for (int at = first, count; at < last; at += count) {
    count = turn_count(turn, at, last);
    const uint32_t skip = (uint32_t)at * (uint32_t)size;
    block_scores(b, (Vectors){kv_read(k + skip, count, HD, b->tile), width}, count);
    for (int g = 0; 4 * g < b->rows; g++) {
      cap_scores(b, g, count, SOFTCAP);
      bound_scores(b, g, at, count);
    }
    block_values(b, (Vectors){kv_read(v + skip, count, HD, b->tile), width}, count);
  }
}

/// First of the keys that a row sees which itself is key `at`.
static inline int first_seen(int at, int WINDOW) { return WINDOW > 0 && at + 1 > WINDOW ? at + 1 - WINDOW : 0; }
