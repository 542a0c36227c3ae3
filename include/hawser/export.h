// hawser/export.h - which symbols leave the library.
#ifndef HAWSER_EXPORT_H
#define HAWSER_EXPORT_H

#if defined(__GNUC__)
#define HAWSER_API __attribute__((visibility("default")))
#else
#define HAWSER_API
#endif

#endif
