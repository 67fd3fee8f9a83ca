// SPDX-FileCopyrightText: 2026 The malt authors
// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the symbols of other libraries are described, for gi-docgen.
baseURLs = [
  [ 'Gio', 'https://docs.gtk.org/gio/' ],
  [ 'GLib', 'https://docs.gtk.org/glib/' ],
  [ 'GObject', 'https://docs.gtk.org/gobject/' ],
]
