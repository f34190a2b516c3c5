// Halves as attention reads them: an element is what element_load gives, times LARGE, times REST, which saves a
// multiplication for every four of them. LARGE goes to the other factor of a product, REST to the sum, so that
// neither leaves the range of a float.
typedef uint16_t Element;
#define LARGE 0x1p64f
#define REST 0x1p48f
static inline V element_load(const Element *p) { return load_half_small(p); }
