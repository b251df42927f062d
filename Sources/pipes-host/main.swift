print("pipes-host")
