"""Between checked inputs and kernels: layout, engines and labels; nothing here is public."""
