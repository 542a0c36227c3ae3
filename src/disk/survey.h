// survey.h - is that file whole?
//
// LMDB trusts its pages: what is not whole makes it read where nothing is. So
// a file is surveyed before LMDB sees it, page by page.
#ifndef HW_DISK_SURVEY_H
#define HW_DISK_SURVEY_H

#include <stdint.h>

#include <hawser/status.h>

#include "disk/store.h"

// Reads the file, from its beginning. INVALID: sentence tells what it is not,
// without naming it. An empty file is whole. SYSTEM, NO_MEMORY.
hawser_status
hw_survey(int fd, char sentence[HW_SENTENCE_SIZE]);

#endif
