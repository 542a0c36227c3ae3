// hawser/export.h - which symbols leave the library.
#ifndef HAWSER_EXPORT_H
#define HAWSER_EXPORT_H

#if defined(__GNUC__)
#define HAWSER_API __attribute__((visibility("default")))
#else
#define HAWSER_API
#endif

// A header is a translation unit of its own where it is checked alone, and C
// wants something in each.
struct hawser_nothing;

#endif
