// q4.
enum { OFFSET = 8, MINIMUM = 0 };
//#include "lib/panel_bits4.h"
