// Vectors of the cache element by element.
typedef Element KV;
static inline int kv_size(int HD) { return HD; }
static inline int kv_width(int HD) { return HD; }
#define kv_read(from, count, HD, tile) (from)
