// Elements of keys and values as attention reads them: an element is what element_load gives, times LARGE, times
// REST.
typedef float Element;
#define LARGE 1.0f
#define REST 1.0f
static inline V element_load(const Element *p) { return load(p); }
