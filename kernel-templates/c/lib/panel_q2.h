// q2.
enum { OFFSET = 2, MINIMUM = 0 };
//#include "lib/panel_bits2.h"
