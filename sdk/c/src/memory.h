/* Memory that lives until a hook returns: between the SDK's files, and of no interest to plugins. */
#ifndef SANDGATE_MEMORY_H
#define SANDGATE_MEMORY_H

#include <stddef.h>

/* What malloc made is freed when the hook returns. */
void *sg_adopt(void *memory);
/* The hook is over. */
void sg_release(void);

#endif
