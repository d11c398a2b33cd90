#include "CCanvas.h"
