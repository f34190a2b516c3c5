// q8.
enum { OFFSET = 128, MINIMUM = 0 };
//#include "lib/panel_bits8.h"
